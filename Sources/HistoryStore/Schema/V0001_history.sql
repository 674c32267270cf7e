-- What was measured of a machine and of the leases on it.
--
-- Times are UTC microseconds. Rows of history are packed into blocks of one series and one resolution; `start` and `finish` are
-- the beginning of the first and the end of the last interval in the block, `rows` how many there are. Blocks are only added at
-- the end and taken away from the beginning. A series may have several rows for one interval, which belong together: civil time
-- was set back.

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    -- 'machine' or the id of a lease.
    name TEXT NOT NULL UNIQUE,
    -- The intervals that are still being measured, as rows of each resolution; null when nothing more is.
    open BLOB
) STRICT;

-- The rows of each series that do not fill a block yet.
CREATE TABLE tails (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    resolution INTEGER NOT NULL CHECK (resolution BETWEEN 0 AND 3),
    start INTEGER NOT NULL,
    finish INTEGER NOT NULL CHECK (finish > start),
    rows INTEGER NOT NULL CHECK (rows > 0),
    data BLOB NOT NULL,
    UNIQUE (series, resolution)
) STRICT;

CREATE TABLE seconds (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    start INTEGER NOT NULL,
    finish INTEGER NOT NULL CHECK (finish > start),
    rows INTEGER NOT NULL CHECK (rows > 0),
    data BLOB NOT NULL
) STRICT;
CREATE INDEX seconds_by_time ON seconds (series, start, finish);

-- Seconds of the minutes in which a threshold was exceeded, kept for longer.
CREATE TABLE incidents (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    start INTEGER NOT NULL,
    finish INTEGER NOT NULL CHECK (finish > start),
    rows INTEGER NOT NULL CHECK (rows > 0),
    data BLOB NOT NULL
) STRICT;
CREATE INDEX incidents_by_time ON incidents (series, start, finish);

CREATE TABLE minutes (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    start INTEGER NOT NULL,
    finish INTEGER NOT NULL CHECK (finish > start),
    rows INTEGER NOT NULL CHECK (rows > 0),
    data BLOB NOT NULL
) STRICT;
CREATE INDEX minutes_by_time ON minutes (series, start, finish);

CREATE TABLE hours (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    start INTEGER NOT NULL,
    finish INTEGER NOT NULL CHECK (finish > start),
    rows INTEGER NOT NULL CHECK (rows > 0),
    data BLOB NOT NULL
) STRICT;
CREATE INDEX hours_by_time ON hours (series, start, finish);

CREATE TABLE days (
    id INTEGER PRIMARY KEY,
    series INTEGER NOT NULL,
    start INTEGER NOT NULL,
    finish INTEGER NOT NULL CHECK (finish > start),
    rows INTEGER NOT NULL CHECK (rows > 0),
    data BLOB NOT NULL
) STRICT;
CREATE INDEX days_by_time ON days (series, start, finish);
