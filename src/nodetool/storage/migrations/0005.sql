-- What firings sent, of jobs that have not ended: their next attempt takes it instead of computing it again.
CREATE TABLE checkpoints (
    no INTEGER NOT NULL,
    key BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (no, key)
);
