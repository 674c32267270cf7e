-- One segment of a node's ledger, and the current state beside it.
--
-- Ids are 16 bytes, big-endian, so that they sort by age. Amounts are microcredits, times microseconds. The rows of
-- transfers, receipts, cosignatures, agreements and closing share one sequence and one chain of hashes:
-- hash = SHA-256(hash of the row before || sequence || canonical bytes of the row).

-- The segment itself: one row.
CREATE TABLE segment (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL CHECK (number > 0),
    -- Sequence and hash of the last row of the segment before; 0 and zeros in the first.
    opening_sequence INTEGER NOT NULL CHECK (opening_sequence >= 0),
    opening_head BLOB NOT NULL CHECK (length(opening_head) = 32),
    -- SHA-256 of the balances and open reservations carried over.
    opening_tally BLOB NOT NULL CHECK (length(opening_tally) = 32),
    -- The youngest transfer id that was forgotten before this segment began.
    horizon BLOB CHECK (length(horizon) = 16),
    -- Sequence and hash of the last row of this segment.
    sequence INTEGER NOT NULL CHECK (sequence >= opening_sequence),
    head BLOB NOT NULL CHECK (length(head) = 32)
) STRICT;

-- Written when the segment is closed: one row, the last of its chain.
CREATE TABLE closing (
    sequence INTEGER PRIMARY KEY,
    -- SHA-256 of the balances and open reservations handed on.
    tally BLOB NOT NULL CHECK (length(tally) = 32),
    at INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- What stands on each account, and what stood there when the segment began (null where it was first used later).
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    unit TEXT NOT NULL,
    name TEXT NOT NULL,
    debits_posted INTEGER NOT NULL DEFAULT 0 CHECK (debits_posted >= 0),
    credits_posted INTEGER NOT NULL DEFAULT 0 CHECK (credits_posted >= 0),
    debits_pending INTEGER NOT NULL DEFAULT 0 CHECK (debits_pending >= 0),
    credits_pending INTEGER NOT NULL DEFAULT 0 CHECK (credits_pending >= 0),
    opening_debits_posted INTEGER,
    opening_credits_posted INTEGER,
    opening_debits_pending INTEGER,
    opening_credits_pending INTEGER,
    UNIQUE (unit, name)
) STRICT;

CREATE TABLE transfers (
    sequence INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind TEXT NOT NULL CHECK (kind IN ('direct', 'pending', 'post', 'void', 'expire')),
    debit INTEGER NOT NULL REFERENCES accounts (id),
    credit INTEGER NOT NULL REFERENCES accounts (id) CHECK (credit <> debit),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    -- The reservation that a post, void or expiry follows.
    reservation BLOB CHECK ((reservation IS NULL) = (kind IN ('direct', 'pending'))),
    lease BLOB CHECK (length(lease) = 16),
    -- The deadline of a reservation, on the clock of the boot that set it and in UTC.
    expires_boot TEXT CHECK ((expires_boot IS NULL) = (kind <> 'pending')),
    expires_instant INTEGER CHECK ((expires_instant IS NULL) = (kind <> 'pending')),
    expires_utc INTEGER CHECK ((expires_utc IS NULL) = (kind <> 'pending')),
    at INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX transfers_by_lease ON transfers (lease) WHERE lease IS NOT NULL;

-- What became of each pending transfer of this segment, and of those carried over open from the one before.
CREATE TABLE reservations (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    debit INTEGER NOT NULL REFERENCES accounts (id),
    credit INTEGER NOT NULL REFERENCES accounts (id),
    amount INTEGER NOT NULL,
    lease BLOB,
    expires_boot TEXT NOT NULL,
    expires_instant INTEGER NOT NULL,
    expires_utc INTEGER NOT NULL,
    at INTEGER NOT NULL,
    posted INTEGER NOT NULL DEFAULT 0 CHECK (posted BETWEEN 0 AND amount),
    -- What was posted before this segment began; null where the reservation began here.
    opening_posted INTEGER,
    -- The kind of transfer that closed it; null while it is open.
    closed TEXT CHECK (closed IN ('void', 'expire'))
) STRICT, WITHOUT ROWID;

-- Transfers of earlier segments whose replay must still be known.
CREATE TABLE remembered (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    fingerprint INTEGER NOT NULL,
    fate TEXT NOT NULL CHECK (fate IN ('none', 'void', 'expire'))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER transfers_direct AFTER INSERT ON transfers WHEN NEW.kind = 'direct' BEGIN
    UPDATE accounts SET debits_posted = debits_posted + NEW.amount WHERE id = NEW.debit;
    UPDATE accounts SET credits_posted = credits_posted + NEW.amount WHERE id = NEW.credit;
END;

CREATE TRIGGER transfers_pending AFTER INSERT ON transfers WHEN NEW.kind = 'pending' BEGIN
    INSERT INTO reservations (id, debit, credit, amount, lease, expires_boot, expires_instant, expires_utc, at)
    VALUES (NEW.id, NEW.debit, NEW.credit, NEW.amount, NEW.lease, NEW.expires_boot, NEW.expires_instant,
        NEW.expires_utc, NEW.at);
    UPDATE accounts SET debits_pending = debits_pending + NEW.amount WHERE id = NEW.debit;
    UPDATE accounts SET credits_pending = credits_pending + NEW.amount WHERE id = NEW.credit;
END;

CREATE TRIGGER transfers_post AFTER INSERT ON transfers WHEN NEW.kind = 'post' BEGIN
    SELECT RAISE(ABORT, 'a post needs an open reservation between the same accounts') WHERE NOT EXISTS (
        SELECT 1 FROM reservations
        WHERE id = NEW.reservation AND closed IS NULL AND debit = NEW.debit AND credit = NEW.credit);
    UPDATE reservations SET posted = posted + NEW.amount WHERE id = NEW.reservation;
    UPDATE accounts SET debits_pending = debits_pending - NEW.amount, debits_posted = debits_posted + NEW.amount
    WHERE id = NEW.debit;
    UPDATE accounts SET credits_pending = credits_pending - NEW.amount, credits_posted = credits_posted + NEW.amount
    WHERE id = NEW.credit;
END;

CREATE TRIGGER transfers_release AFTER INSERT ON transfers WHEN NEW.kind IN ('void', 'expire') BEGIN
    SELECT RAISE(ABORT, 'a void or expiry needs an open reservation between the same accounts that holds its amount')
    WHERE NOT EXISTS (
        SELECT 1 FROM reservations
        WHERE id = NEW.reservation AND closed IS NULL AND debit = NEW.debit AND credit = NEW.credit
            AND amount - posted = NEW.amount);
    UPDATE reservations SET closed = NEW.kind WHERE id = NEW.reservation;
    UPDATE accounts SET debits_pending = debits_pending - NEW.amount WHERE id = NEW.debit;
    UPDATE accounts SET credits_pending = credits_pending - NEW.amount WHERE id = NEW.credit;
END;

CREATE TABLE agreements (
    sequence INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    lease BLOB NOT NULL CHECK (length(lease) = 16),
    borrower BLOB NOT NULL CHECK (length(borrower) = 16),
    lender BLOB NOT NULL CHECK (length(lender) = 16),
    -- What both signatures cover.
    document BLOB NOT NULL,
    borrower_signature BLOB NOT NULL,
    lender_signature BLOB NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX agreements_by_lease ON agreements (lease);

CREATE TABLE receipts (
    sequence INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    lease BLOB NOT NULL CHECK (length(lease) = 16),
    -- 1, 2, 3, ... within the lease.
    number INTEGER NOT NULL CHECK (number > 0),
    -- What both signatures cover.
    document BLOB NOT NULL,
    lender_signature BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    UNIQUE (lease, number)
) STRICT;

-- The borrower's answer to a receipt.
CREATE TABLE cosignatures (
    sequence INTEGER PRIMARY KEY,
    receipt BLOB NOT NULL UNIQUE REFERENCES receipts (id),
    signature BLOB NOT NULL,
    accepted INTEGER CHECK (accepted >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER transfers_are_never_changed BEFORE UPDATE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers are never changed'); END;
CREATE TRIGGER transfers_are_never_deleted BEFORE DELETE ON transfers
BEGIN SELECT RAISE(ABORT, 'transfers are never deleted'); END;
CREATE TRIGGER agreements_are_never_changed BEFORE UPDATE ON agreements
BEGIN SELECT RAISE(ABORT, 'agreements are never changed'); END;
CREATE TRIGGER agreements_are_never_deleted BEFORE DELETE ON agreements
BEGIN SELECT RAISE(ABORT, 'agreements are never deleted'); END;
CREATE TRIGGER receipts_are_never_changed BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END;
CREATE TRIGGER receipts_are_never_deleted BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never deleted'); END;
CREATE TRIGGER cosignatures_are_never_changed BEFORE UPDATE ON cosignatures
BEGIN SELECT RAISE(ABORT, 'cosignatures are never changed'); END;
CREATE TRIGGER cosignatures_are_never_deleted BEFORE DELETE ON cosignatures
BEGIN SELECT RAISE(ABORT, 'cosignatures are never deleted'); END;
CREATE TRIGGER closing_is_never_changed BEFORE UPDATE ON closing
BEGIN SELECT RAISE(ABORT, 'a closing is never changed'); END;
CREATE TRIGGER closing_is_never_deleted BEFORE DELETE ON closing
BEGIN SELECT RAISE(ABORT, 'a closing is never deleted'); END;

CREATE TABLE trust_lines (
    peer BLOB NOT NULL CHECK (length(peer) = 16),
    unit TEXT NOT NULL,
    granted INTEGER NOT NULL,
    received INTEGER,
    own_ceiling INTEGER NOT NULL,
    PRIMARY KEY (peer, unit)
) STRICT, WITHOUT ROWID;

-- What the cores restore themselves from; bodies are JSON.
CREATE TABLE state (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The story, oldest first; the oldest are dropped beyond a maximum. Subjects and details are JSON.
CREATE TABLE events (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subjects TEXT NOT NULL,
    text TEXT NOT NULL,
    details TEXT NOT NULL
) STRICT;

CREATE TABLE event_subjects (
    subject TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (subject, sequence)
) STRICT, WITHOUT ROWID;
