-- The records of one volume, without gaps: all behind `trimmed`.

CREATE TABLE header (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Of the volume.
    volume BLOB NOT NULL CHECK (length(volume) = 16),
    -- The highest that was seen of any home, as the signed number of the same bits.
    epoch INTEGER NOT NULL,
    -- The last record that is not here any more, and its epoch.
    trimmed INTEGER NOT NULL CHECK (trimmed >= 0),
    trimmed_epoch INTEGER NOT NULL
) STRICT;

CREATE TABLE records (
    number INTEGER PRIMARY KEY CHECK (number > 0),
    epoch INTEGER NOT NULL,
    -- CRC-32C of the record.
    checksum INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;
