-- accept --
-- An id that is taken stays with its job. One whose run was quick may come with its first events, or as one that ended.
INSERT INTO jobs (no, id, user, workflow_id, graph_hash, attempt, params, created_us, started_us,
    status, last_seq, error, finished_us)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- pin_graph --
INSERT INTO graphs (hash, json) VALUES (?, ?)
ON CONFLICT DO NOTHING;

-- begin --
-- A job keeps the moment of its first start.
UPDATE jobs SET status = 'running', started_us = coalesce(started_us, ?3)
WHERE no = ?1 AND attempt = ?2 AND status = 'queued' AND cancel_requested = 0;

-- append --
-- Only the owner of the current attempt may go on, once its start is stored, and only where the log ends.
UPDATE jobs SET last_seq = ?4
WHERE no = ?1 AND attempt = ?2 AND last_seq = ?3 AND status = 'running';

-- requeue --
UPDATE jobs SET status = 'queued', attempt = attempt + 1, last_seq = ?4, failures = failures + ?5
WHERE no = ?1 AND attempt = ?2 AND last_seq = ?3 AND status = 'running' AND cancel_requested = 0;

-- cancel --
UPDATE jobs SET cancel_requested = 1
WHERE no = ? AND finished_us IS NULL;

-- end --
-- The first end wins, and once a cancel is recorded (?8: now) there is only one.
UPDATE jobs SET status = ?5, error = ?6, finished_us = ?7, last_seq = ?4, cancel_requested = cancel_requested | ?8
WHERE no = ?1 AND attempt = ?2 AND last_seq = ?3 AND finished_us IS NULL
    AND ((cancel_requested | ?8) = 0 OR ?5 = 'cancelled');

-- add_batch --
INSERT INTO events (key, attempt, count, flags, bytes) VALUES (?, ?, ?, ?, ?);

-- add_checkpoint --
-- Only the owner of the current attempt may keep something, and only while the job is open.
INSERT INTO checkpoints (no, key, attempt, bytes)
SELECT no, ?3, attempt, ?4 FROM jobs WHERE no = ?1 AND attempt = ?2 AND finished_us IS NULL
ON CONFLICT DO UPDATE SET attempt = excluded.attempt, bytes = excluded.bytes;

-- add_input --
-- Nothing comes in for a job that has ended, or is going to be cancelled.
INSERT INTO inputs (key, name, bytes)
SELECT ?2, ?3, ?4 FROM jobs WHERE no = ?1 AND finished_us IS NULL AND NOT cancel_requested;

-- inputs --
SELECT key, name, bytes FROM inputs WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?;

-- inputs_so_far --
SELECT name, count(bytes), count(*) - count(bytes), max(key) FROM inputs WHERE key BETWEEN ? AND ? GROUP BY name;

-- drop_inputs --
DELETE FROM inputs WHERE key BETWEEN ? AND ?;

-- drop_checkpoints --
DELETE FROM checkpoints WHERE no = ?;

-- found --
-- What a refused operation found instead.
SELECT attempt, last_seq, finished_us IS NOT NULL, cancel_requested FROM jobs WHERE no = ?;

-- last_no --
-- The last jobs may be pruned, but a number never comes back.
SELECT max(
    coalesce((SELECT max(no) FROM jobs), 0),
    coalesce((SELECT value FROM meta WHERE key = 'last_no'), 0)
);

-- request --
SELECT body, job FROM requests WHERE user = ? AND key = ? AND route = ? AND created_us > ?;

-- add_request --
-- One that is too old to count may still be there.
INSERT OR REPLACE INTO requests (user, key, route, body, job, created_us) VALUES (?, ?, ?, ?, ?, ?);

-- owner --
SELECT user, etag FROM workflows WHERE id = ?;

-- add_workflow --
INSERT INTO workflows (id, user, document, findings, schemas, etag, created_us, updated_us)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7);

-- replace_workflow --
UPDATE workflows SET document = ?3, findings = ?4, schemas = ?5, etag = ?6, updated_us = ?7
WHERE id = ?1 AND user = ?2;

-- delete_workflow --
DELETE FROM workflows WHERE id = ? AND user = ?;

-- workflow --
SELECT no, id, user, document, findings, schemas, etag, created_us, updated_us
FROM workflows
WHERE id = ?;

-- workflows_page --
SELECT no, id, user, document, findings, schemas, etag, created_us, updated_us
FROM workflows
WHERE user = ?1 AND no < ?2
ORDER BY no DESC
LIMIT ?3;

-- job --
SELECT no, id, user, workflow_id, graph_hash, status, attempt, last_seq, cancel_requested, failures, params, error,
    created_us, started_us, finished_us
FROM jobs
WHERE id = ?;

-- jobs_page --
-- Lists leave the params out: a row may hold megabytes of them.
SELECT no, id, user, workflow_id, graph_hash, status, attempt, last_seq, cancel_requested, failures, x'', error,
    created_us, started_us, finished_us
FROM jobs
WHERE user = ?1 AND no < ?2 AND (?3 IS NULL OR workflow_id = ?3) AND (?4 IS NULL OR status = ?4)
ORDER BY no DESC
LIMIT ?5;

-- jobs_page_by_status --
-- For every status but `completed`, which jobs_page finds at once, while it might search long for the others.
-- The second condition on status looks idle, but without it SQLite does not take the partial index.
SELECT no, id, user, workflow_id, graph_hash, status, attempt, last_seq, cancel_requested, failures, x'', error,
    created_us, started_us, finished_us
FROM jobs
WHERE user = ?1 AND no < ?2 AND (?3 IS NULL OR workflow_id = ?3) AND status = ?4 AND status <> 'completed'
ORDER BY no DESC
LIMIT ?5;

-- unfinished --
SELECT no, id, user, workflow_id, graph_hash, status, attempt, last_seq, cancel_requested, failures, params, error,
    created_us, started_us, finished_us
FROM jobs
WHERE status IN ('queued', 'running') AND status <> 'completed'
ORDER BY no;

-- batches --
-- From the batch that holds position ?2 (or is the last before it) to the end of the job.
SELECT key, count, flags, bytes
FROM events
WHERE key >= coalesce((SELECT max(key) FROM events WHERE key BETWEEN ?1 AND ?2), ?1) AND key <= ?3
ORDER BY key;

-- last_batch --
SELECT count, flags, bytes
FROM events
WHERE key BETWEEN ?1 AND ?2
ORDER BY key DESC
LIMIT 1;

-- checkpoints --
SELECT key, attempt, bytes FROM checkpoints WHERE no = ?;

-- graph --
SELECT json FROM graphs WHERE hash = ?;

-- tombstone --
SELECT user FROM tombstones WHERE id = ?;

-- ended_count --
-- Both counts run over an index, the second over one with few rows.
SELECT (SELECT count(*) FROM jobs)
    - (SELECT count(*) FROM jobs WHERE status IN ('queued', 'running') AND status <> 'completed');

-- oldest_ended --
SELECT no, finished_us FROM jobs WHERE no > ? AND finished_us IS NOT NULL ORDER BY no LIMIT ?;

-- pins --
SELECT no, graph_hash FROM jobs WHERE no > ? ORDER BY no LIMIT ?;

-- graph_hashes --
SELECT hash FROM graphs WHERE hash > ? ORDER BY hash LIMIT ?;

-- keep_last_no --
INSERT INTO meta (key, value) VALUES ('last_no', ?)
ON CONFLICT DO UPDATE SET value = max(value, excluded.value);

-- prune --
DELETE FROM jobs WHERE no = ? AND finished_us IS NOT NULL RETURNING id, user;

-- add_tombstone --
INSERT INTO tombstones (id, user, pruned_us) VALUES (?, ?, ?)
ON CONFLICT DO NOTHING;

-- add_leftover --
INSERT INTO leftovers (no) VALUES (?);

-- leftover --
SELECT min(no) FROM leftovers;

-- last_keys --
-- Events go from the last to the first: who still reads them meets an end, and no gap.
SELECT key, length(bytes) FROM events WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT ?;

-- drop_events --
DELETE FROM events WHERE key BETWEEN ? AND ?;

-- drop_leftover --
DELETE FROM leftovers WHERE no = ?;

-- drop_graph --
DELETE FROM graphs WHERE hash = ?;

-- pinned_since --
SELECT DISTINCT graph_hash FROM jobs WHERE no > ?;

-- expire_requests --
DELETE FROM requests
WHERE (user, key, route) IN (SELECT user, key, route FROM requests WHERE created_us <= ? LIMIT ?);

-- expire_tombstones --
DELETE FROM tombstones WHERE id IN (SELECT id FROM tombstones WHERE pruned_us <= ? LIMIT ?);

-- add_token --
-- Counted in the same statement: two of these cannot both be the last that may be.
INSERT INTO tokens (id, hash, user, name, prefix, scopes, workflow_id, created_us, expires_us)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
WHERE (SELECT count(*) FROM tokens WHERE user = ?3) < ?10;

-- revoke_token --
DELETE FROM tokens WHERE id = ? AND user = ?;

-- use_token --
UPDATE tokens SET used_us = ?2 WHERE hash = ?1;

-- token --
SELECT id, hash, user, name, prefix, scopes, workflow_id, created_us, expires_us, used_us FROM tokens WHERE hash = ?;

-- token_by_id --
SELECT id, hash, user, name, prefix, scopes, workflow_id, created_us, expires_us, used_us FROM tokens WHERE id = ?;

-- tokens_of --
SELECT id, hash, user, name, prefix, scopes, workflow_id, created_us, expires_us, used_us
FROM tokens
WHERE user = ?
ORDER BY created_us DESC, id DESC;

-- set_secret --
INSERT INTO secrets (user, name, sealed, updated_us) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET sealed = excluded.sealed, updated_us = excluded.updated_us;

-- drop_secret --
DELETE FROM secrets WHERE user = ? AND name = ?;

-- reseal_secret --
-- Only what was read may be replaced; the moment stays, since the value does.
UPDATE secrets SET sealed = ?4 WHERE user = ?1 AND name = ?2 AND sealed = ?3;

-- reseal_params --
UPDATE jobs SET params = ?3 WHERE no = ?1 AND params = ?2;

-- secrets --
SELECT user, name, sealed, updated_us FROM secrets WHERE user = ? ORDER BY name;

-- secret --
SELECT sealed FROM secrets WHERE user = ? AND name = ?;

-- all_secrets --
SELECT user, name, sealed, updated_us FROM secrets;

-- params_with --
-- What is sealed in params has a mark (?2) in front. Only a change of keys looks for it: no index would pay.
SELECT no, id, params FROM jobs WHERE no > ?1 AND instr(params, ?2) > 0 ORDER BY no LIMIT ?3;
