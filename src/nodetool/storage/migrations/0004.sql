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
