-- The metadata of one volume, as they are after the record `applied`.
--
-- Numbers that may have all 64 bits stand as the signed number of the same bits. Times are nanoseconds since 1970 in UTC. Ids are 16
-- bytes in big-endian order, so that they sort by age; names are bytes of any encoding.

CREATE TABLE header (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- Of the volume.
    volume BLOB NOT NULL CHECK (length(volume) = 16),
    name TEXT NOT NULL,
    -- That each block is to have.
    copies INTEGER NOT NULL,
    -- With which clients encrypt blocks.
    key BLOB NOT NULL,
    applied INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    time INTEGER NOT NULL,
    next_inode INTEGER NOT NULL,
    capacity INTEGER NOT NULL,
    inode_limit INTEGER NOT NULL,
    used INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    inodes INTEGER NOT NULL,
    -- Of blocks.
    generation INTEGER NOT NULL,
    -- Which nodes keep the journal, as in the record that says so; null for the home alone.
    membership BLOB
) STRICT;

CREATE TABLE inodes (
    number INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    permissions INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    "group" INTEGER NOT NULL,
    links INTEGER NOT NULL,
    size INTEGER NOT NULL,
    allocated INTEGER NOT NULL,
    device INTEGER NOT NULL,
    accessed INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX orphans ON inodes (number) WHERE links = 0;

-- Paths in symbolic links.
CREATE TABLE targets (
    inode INTEGER PRIMARY KEY,
    path BLOB NOT NULL
) STRICT;

CREATE TABLE entries (
    directory INTEGER NOT NULL,
    name BLOB NOT NULL,
    inode INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (directory, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE attributes (
    inode INTEGER NOT NULL,
    name BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (inode, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE extents (
    inode INTEGER NOT NULL,
    start INTEGER NOT NULL CHECK (start >= 0),
    length INTEGER NOT NULL CHECK (length > 0),
    -- Null for zeros that have room set aside.
    block BLOB,
    -- Where in the block.
    block_start INTEGER NOT NULL,
    PRIMARY KEY (inode, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
    id BLOB NOT NULL PRIMARY KEY,
    length INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    live INTEGER NOT NULL,
    -- Ids of nodes, one behind the other.
    replicas BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX dead_blocks ON blocks (id) WHERE live = 0;

-- The same as in blocks.replicas, by node.
CREATE TABLE replicas (
    node BLOB NOT NULL,
    block BLOB NOT NULL,
    PRIMARY KEY (node, block)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    node BLOB NOT NULL,
    reserved INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
    session BLOB NOT NULL,
    slot INTEGER NOT NULL,
    number INTEGER NOT NULL,
    record INTEGER NOT NULL,
    reply BLOB NOT NULL,
    PRIMARY KEY (session, slot)
) STRICT, WITHOUT ROWID;
