-- The audit log: calls that would change something, oldest first. Times are UTC microseconds.
CREATE TABLE calls (
    -- Never used again, also not when the last entries were removed.
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    user TEXT NOT NULL,
    role TEXT NOT NULL,
    origin TEXT NOT NULL,
    method TEXT NOT NULL,
    object TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('begun', 'done', 'refused', 'failed')),
    reason TEXT NOT NULL
) STRICT;

CREATE INDEX calls_by_user ON calls (user, sequence);
