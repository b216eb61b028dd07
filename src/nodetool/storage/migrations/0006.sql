-- Secrets that nodes may read, each encrypted; the name is told, the value never.
CREATE TABLE secrets (
    user TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    updated_us INTEGER NOT NULL,
    PRIMARY KEY (user, name)
) WITHOUT ROWID;
