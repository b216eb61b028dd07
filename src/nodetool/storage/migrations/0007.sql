-- Items for inputs that stream, in the order in which they came, and the ends of inputs: without bytes. They are replayed
-- to each attempt. key is no << 24 | n, with n counted from 1 for each job.
CREATE TABLE inputs (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    bytes BLOB
);
