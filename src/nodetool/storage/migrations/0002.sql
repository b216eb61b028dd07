-- Attempts that ended badly and count, apart from those that a restart or a neighbour cut short.
ALTER TABLE jobs ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
