-- What one side of a trade does not accept of what the other has billed. Amounts are microcredits.

-- Each dispute as it stands now, also when it is over. The body is JSON.
CREATE TABLE disputes (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    -- Null where it is about no receipt.
    receipt BLOB CHECK (length(receipt) = 16),
    lease BLOB NOT NULL CHECK (length(lease) = 16),
    creditor BLOB NOT NULL CHECK (length(creditor) = 16),
    debtor BLOB NOT NULL CHECK (length(debtor) = 16),
    opened_at INTEGER NOT NULL,
    -- When nothing was left of it; null before.
    resolved_at INTEGER,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX disputes_by_lease ON disputes (lease);

-- Steps towards the end of disputes that both sides have signed. In the chain, as transfers are.
CREATE TABLE resolutions (
    sequence INTEGER PRIMARY KEY,
    dispute BLOB NOT NULL CHECK (length(dispute) = 16),
    -- 1, 2, 3, ... within the dispute.
    number INTEGER NOT NULL CHECK (number > 0),
    -- What both signatures cover.
    document BLOB NOT NULL,
    proposer_signature BLOB NOT NULL,
    answerer_signature BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    UNIQUE (dispute, number)
) STRICT;

CREATE TRIGGER resolutions_are_never_changed BEFORE UPDATE ON resolutions
BEGIN SELECT RAISE(ABORT, 'resolutions are never changed'); END;
CREATE TRIGGER resolutions_are_never_deleted BEFORE DELETE ON resolutions
BEGIN SELECT RAISE(ABORT, 'resolutions are never deleted'); END;
