-- What was agreed on with a peer of all that was settled with it, signed by both. In the chain, as transfers are.
CREATE TABLE checkpoints (
    sequence INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    peer BLOB NOT NULL CHECK (length(peer) = 16),
    -- What both signatures cover.
    document BLOB NOT NULL,
    -- Of the two nodes, the lesser id first.
    first_signature BLOB NOT NULL,
    second_signature BLOB NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE INDEX checkpoints_by_peer ON checkpoints (peer, sequence);

CREATE TRIGGER checkpoints_are_never_changed BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
CREATE TRIGGER checkpoints_are_never_deleted BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;
