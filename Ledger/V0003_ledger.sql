-- What is owed in kind. Amounts are core-microseconds and MiB-seconds.

-- How much of a receipt was accepted in kind; null where nothing of it is.
ALTER TABLE cosignatures ADD COLUMN accepted_core_time INTEGER CHECK (accepted_core_time >= 0);
ALTER TABLE cosignatures ADD COLUMN accepted_memory_time INTEGER CHECK (accepted_memory_time >= 0);

-- Each obligation as it stands now, also when nothing is owed any more. The body is JSON.
CREATE TABLE obligations (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    lease BLOB NOT NULL CHECK (length(lease) = 16),
    debtor BLOB NOT NULL CHECK (length(debtor) = 16),
    creditor BLOB NOT NULL CHECK (length(creditor) = 16),
    due_from INTEGER NOT NULL,
    due_until INTEGER NOT NULL CHECK (due_until > due_from),
    -- What is left of it.
    core_time INTEGER NOT NULL CHECK (core_time >= 0),
    memory_time INTEGER NOT NULL CHECK (memory_time >= 0),
    -- When nothing was left; null before.
    settled_at INTEGER,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX obligations_by_due ON obligations (due_until) WHERE settled_at IS NULL;

-- Changes to obligations that both sides have signed. In the chain, as transfers are.
CREATE TABLE adjustments (
    sequence INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    obligation BLOB NOT NULL CHECK (length(obligation) = 16),
    -- What both signatures cover.
    document BLOB NOT NULL,
    proposer_signature BLOB NOT NULL,
    answerer_signature BLOB NOT NULL,
    -- How much of the premium was accepted.
    accepted INTEGER NOT NULL CHECK (accepted >= 0),
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX adjustments_by_obligation ON adjustments (obligation);

CREATE TRIGGER adjustments_are_never_changed BEFORE UPDATE ON adjustments
BEGIN SELECT RAISE(ABORT, 'adjustments are never changed'); END;
CREATE TRIGGER adjustments_are_never_deleted BEFORE DELETE ON adjustments
BEGIN SELECT RAISE(ABORT, 'adjustments are never deleted'); END;
