-- The whole schema, as the migrations leave it; a test compares the two. A new home is built by the migrations.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value NOT NULL
);

-- The first event of a job (`queued`, seq 1) is this row itself; so last_seq starts with 1.
CREATE TABLE jobs (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    user TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    graph_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    last_seq INTEGER NOT NULL DEFAULT 1,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    params BLOB NOT NULL,
    error TEXT,
    created_us INTEGER NOT NULL,
    started_us INTEGER,
    finished_us INTEGER,
    failures INTEGER NOT NULL DEFAULT 0
);

-- Lists of a user, newest first. With the workflow inside, a list of one workflow's jobs passes over the others
-- without fetching their rows; an index of its own would cost every run more than it saves.
CREATE INDEX jobs_of_user ON jobs (user, no, workflow_id);

-- What has not ended, and what ended badly: few rows, whatever the number of jobs.
CREATE INDEX jobs_not_completed ON jobs (status, user, no) WHERE status <> 'completed';

-- key is no << 24 | first_seq: a job's batches lie together and in order, and new ones at the end of the table.
CREATE TABLE events (
    key INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    flags INTEGER NOT NULL,
    bytes BLOB NOT NULL
);

CREATE TABLE graphs (
    hash TEXT PRIMARY KEY,
    json BLOB NOT NULL
);

-- AUTOINCREMENT: the number of a deleted workflow never comes back, so a cursor keeps its place.
CREATE TABLE workflows (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    document BLOB NOT NULL,
    findings BLOB NOT NULL,
    schemas BLOB NOT NULL,
    etag TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL
);

CREATE INDEX workflows_of_user ON workflows (user, no);

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

-- Tokens that users make for their programs. A token is found by its SHA-256; itself it is nowhere.
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    workflow_id TEXT,
    created_us INTEGER NOT NULL,
    expires_us INTEGER,
    used_us INTEGER
) WITHOUT ROWID;

CREATE INDEX tokens_of_user ON tokens (user, created_us);

-- What firings sent, of jobs that have not ended: their next attempt takes it instead of computing it again.
CREATE TABLE checkpoints (
    no INTEGER NOT NULL,
    key BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (no, key)
);

-- Secrets that nodes may read, each encrypted; the name is told, the value never.
CREATE TABLE secrets (
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    updated_us INTEGER NOT NULL,
    PRIMARY KEY (user, name)
) WITHOUT ROWID;

-- Items for inputs that stream, in the order in which they came, and the ends of inputs: without bytes. They are replayed
-- to each attempt. key is no << 24 | n, with n counted from 1 for each job.
CREATE TABLE inputs (
    key INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    bytes BLOB
);
