-- What moved something, by account: a statement of one peer, and what stood on an account before a time, are read from these
-- alone, and not from the rows of everybody else.
CREATE INDEX transfers_by_debit ON transfers (debit, sequence, at, amount, kind) WHERE kind IN ('direct', 'post');
CREATE INDEX transfers_by_credit ON transfers (credit, sequence, at, amount, kind) WHERE kind IN ('direct', 'post');
