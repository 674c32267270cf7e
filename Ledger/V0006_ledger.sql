-- Disk in kind. Amounts are MiB-seconds.

-- How much of a receipt was accepted of it; null where nothing in kind is.
ALTER TABLE cosignatures ADD COLUMN accepted_disk_time INTEGER CHECK (accepted_disk_time >= 0);

-- What is left of it of an obligation.
ALTER TABLE obligations ADD COLUMN disk_time INTEGER NOT NULL DEFAULT 0 CHECK (disk_time >= 0);
