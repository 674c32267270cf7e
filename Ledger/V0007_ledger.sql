-- Rows beside the chain carry a seal over their other columns, in their order: what a disk or a tool has changed in one of them is
-- found by it. Rows that are there already are sealed when this step has been taken.
ALTER TABLE obligations ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE disputes ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trust_lines ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE state ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
