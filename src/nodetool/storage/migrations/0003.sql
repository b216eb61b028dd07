-- Requests that may be sent again, and what is left of jobs that are pruned.

-- A request with an Idempotency-Key, and the job that it started. With the whole key in front it is found at once.
CREATE TABLE requests (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    route TEXT NOT NULL,
    body BLOB NOT NULL,
    job BLOB NOT NULL,
    created_us INTEGER NOT NULL,
    PRIMARY KEY (user, key, route)
) WITHOUT ROWID;

CREATE INDEX requests_by_age ON requests (created_us);

-- Whose a job was that is pruned.
CREATE TABLE tombstones (
    id BLOB PRIMARY KEY,
    user TEXT NOT NULL,
    pruned_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX tombstones_by_age ON tombstones (pruned_us);

-- The numbers of pruned jobs that have events left: these go little by little.
CREATE TABLE leftovers (
    no INTEGER PRIMARY KEY
);
