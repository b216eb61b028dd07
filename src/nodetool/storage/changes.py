"""What each operation does to the database. This runs inside the writer's transaction, and only there.

Every UPDATE carries its guard; its row count says whether the operation won, and only then something is inserted. So
an operation that loses has changed nothing, and its neighbours in the transaction are not touched.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from nodetool.protocol.events import Status
from nodetool.storage.keys import FIRST_SEQ, LAST_SEQ, key
from nodetool.storage.packing import pack
from nodetool.storage.port import (
    KEPT_US,
    Accept,
    Append,
    Begin,
    Cancel,
    Checkpoint,
    CreateToken,
    DeleteWorkflow,
    Done,
    DropGraphs,
    End,
    Expire,
    Feed,
    First,
    Once,
    Op,
    Outcome,
    Prune,
    Refused,
    Requeue,
    RevokeToken,
    SaveWorkflow,
    Sweep,
    UseToken,
)
from nodetool.storage.pruning import Pruning
from nodetool.storage.queries import Queries
from nodetool.storage.sealed import DropSecret, ResealParams, ResealSecret, SetSecret
from nodetool.storage.secrets import SecretChanges

DONE = Done()
CONFLICT = Refused("conflict")
STALE = Refused("stale")
ENDED = Refused("ended")
CANCELLED = Refused("cancelled")
MISSING = Refused("missing")
MISMATCH = Refused("mismatch")
FOREIGN = Refused("foreign")
TOO_MANY = Refused("too_many")


class Changes:
    """Applies operations, each by the method for its type."""

    def __init__(self, connection: sqlite3.Connection, sql: Queries) -> None:
        # One cursor for all: making one for each statement costs a third of a small statement.
        self._execute = connection.cursor().execute
        self._sql = sql
        pruning = Pruning(self._execute, sql)
        secrets = SecretChanges(self._execute, sql)
        self._by_type: dict[type[Op], Callable[[Any], Outcome]] = {
            Accept: self._accept,
            First: self._first,
            Begin: self._begin,
            Append: self._append,
            Checkpoint: self._checkpoint,
            Feed: self._feed,
            Requeue: self._requeue,
            Cancel: self._cancel,
            End: self._end,
            SaveWorkflow: self._save_workflow,
            DeleteWorkflow: self._delete_workflow,
            CreateToken: self._create_token,
            RevokeToken: self._revoke_token,
            UseToken: self._use_token,
            Prune: pruning.prune,
            Sweep: pruning.sweep,
            DropGraphs: pruning.drop_graphs,
            Expire: pruning.expire,
            SetSecret: secrets.set,
            DropSecret: secrets.drop,
            ResealSecret: secrets.reseal_secret,
            ResealParams: secrets.reseal_params,
        }

    def apply(self, ops: Sequence[Op]) -> list[Outcome]:
        """Apply *ops* in their order, and tell what became of each."""
        by_type = self._by_type
        return [by_type[type(op)](op) for op in ops]

    def last_no(self) -> int:
        """Return the highest number that a job ever had, 0 if there was none."""
        (no,) = self._execute(self._sql["last_no"]).fetchone()
        return int(no)

    def _changed(self, query: str, values: tuple[object, ...]) -> bool:
        return self._execute(self._sql[query], values).rowcount == 1

    def _accept(self, op: Accept) -> Outcome:
        if op.once is not None and (refused := self._repeated(op, op.once)):
            return refused
        if not self._add_job(op, op.status, FIRST_SEQ, None, None):
            return CONFLICT
        if op.once is not None:
            self._remember(op, op.once)
        return DONE

    def _first(self, op: First) -> Outcome:
        accept, then = op.accept, op.then
        if then.first_seq != FIRST_SEQ + 1 or then.attempt != accept.attempt:
            return STALE
        last = FIRST_SEQ + then.count
        if last >= LAST_SEQ:
            return TOO_MANY
        if isinstance(then, End):
            is_new = self._add_job(accept, then.status, last, then.error, then.finished_us)
        else:
            is_new = self._add_job(accept, accept.status, last, None, None)
        if not is_new:
            return CONFLICT
        self._add_batch(then)
        return DONE

    def _add_job(self, op: Accept, status: Status, last_seq: int, error: str | None, finished_us: int | None) -> bool:
        row = (
            op.no,
            bytes.fromhex(op.id),
            op.user,
            op.workflow_id,
            op.graph_hash,
            op.attempt,
            op.params,
            op.created_us,
            op.started_us,
            status,
            last_seq,
            error,
            finished_us,
        )
        is_new = self._changed("accept", row)
        if is_new and op.graph is not None:
            self._execute(self._sql["pin_graph"], (op.graph_hash, op.graph))
        return is_new

    def _add_batch(self, op: Append | End) -> None:
        stored = pack(op.count, op.flags, op.data)
        self._execute(self._sql["add_batch"], (key(op.no, op.first_seq), op.attempt, op.count, *stored))

    def _repeated(self, op: Accept, once: Once) -> Refused | None:
        since_us = op.created_us - KEPT_US
        found = self._execute(self._sql["request"], (op.user, once.key, once.route, since_us)).fetchone()
        return repeated(found, once)

    def _remember(self, op: Accept, once: Once) -> None:
        row = (op.user, once.key, once.route, once.body, bytes.fromhex(op.id), op.created_us)
        self._execute(self._sql["add_request"], row)

    def _begin(self, op: Begin) -> Outcome:
        if self._changed("begin", (op.no, op.attempt, op.started_us)):
            return DONE
        return self._refusal(op.no, op.attempt, None)

    def _append(self, op: Append) -> Outcome:
        last = op.first_seq + op.count - 1
        if last >= LAST_SEQ:  # the last number is kept for the end
            return TOO_MANY
        if not self._changed("append", (op.no, op.attempt, op.first_seq - 1, last)):
            return self._refusal(op.no, op.attempt, op.first_seq)
        self._add_batch(op)
        return DONE

    def _checkpoint(self, op: Checkpoint) -> Outcome:
        if self._changed("add_checkpoint", (op.no, op.attempt, op.key, op.data)):
            return DONE
        return self._refusal(op.no, op.attempt, None)

    def _feed(self, op: Feed) -> Outcome:
        if op.n >= LAST_SEQ:
            return TOO_MANY
        if self._changed("add_input", (op.no, key(op.no, op.n), op.name, op.data)):
            return DONE
        return self._refusal(op.no, None, None)

    def _requeue(self, op: Requeue) -> Outcome:
        if op.first_seq >= LAST_SEQ:
            return TOO_MANY
        if not self._changed("requeue", (op.no, op.attempt, op.first_seq - 1, op.first_seq, op.counts)):
            return self._refusal(op.no, op.attempt, op.first_seq)
        self._execute(self._sql["add_batch"], (key(op.no, op.first_seq), op.attempt + 1, 1, 0, op.data))
        return DONE

    def _cancel(self, op: Cancel) -> Outcome:
        if self._changed("cancel", (op.no,)):
            return DONE
        return self._refusal(op.no, None, None)

    def _end(self, op: End) -> Outcome:
        last = op.first_seq + op.count - 1
        if last > LAST_SEQ:
            return TOO_MANY
        end = (op.no, op.attempt, op.first_seq - 1, last, op.status, op.error, op.finished_us, op.records_cancel)
        if not self._changed("end", end):
            return self._refusal(op.no, op.attempt, op.first_seq)
        self._add_batch(op)
        if op.drops_checkpoints:
            self._execute(self._sql["drop_checkpoints"], (op.no,))
        return DONE

    def _refusal(self, no: int, attempt: int | None, first_seq: int | None) -> Refused:
        """Say why a job refused an operation that expects this attempt and first number."""
        found = self._execute(self._sql["found"], (no,)).fetchone()
        return refusal(found, attempt, first_seq)

    def _save_workflow(self, op: SaveWorkflow) -> Outcome:
        found = self._execute(self._sql["owner"], (op.id,)).fetchone()
        refused = save_refusal(found, op)
        if refused is not None:
            return refused
        query = "add_workflow" if found is None else "replace_workflow"
        row = (op.id, op.user, op.document, op.findings, op.schemas, op.etag, op.now_us)
        return DONE if self._changed(query, row) else FOREIGN

    def _delete_workflow(self, op: DeleteWorkflow) -> Outcome:
        found = self._execute(self._sql["owner"], (op.id,)).fetchone()
        if found is None or found[0] != op.user:
            return MISSING
        if not matches(op.if_match, found[1]):
            return MISMATCH
        return DONE if self._changed("delete_workflow", (op.id, op.user)) else MISSING

    def _create_token(self, op: CreateToken) -> Outcome:
        row = op.row
        scopes = " ".join(row.scopes)
        kept = (row.id, row.hash, row.user, row.name, row.prefix, scopes, row.workflow_id, row.created_us)
        return DONE if self._changed("add_token", (*kept, row.expires_us, op.most)) else TOO_MANY

    def _revoke_token(self, op: RevokeToken) -> Outcome:
        return DONE if self._changed("revoke_token", (op.id, op.user)) else MISSING

    def _use_token(self, op: UseToken) -> Outcome:
        return DONE if self._changed("use_token", (op.hash, op.used_us)) else MISSING


def repeated(found: tuple[bytes, bytes] | None, once: Once) -> Refused | None:
    """Return how a request is refused whose key was *found* with this body and job."""
    if found is None:
        return None
    body, job = found
    return Refused("repeated" if body == once.body else "reused", job.hex())


def refusal(found: tuple[int, int, int, int] | None, attempt: int | None, first_seq: int | None) -> Refused:
    """Return why an operation lost, from the attempt, last number, end and cancel that it *found*.

    What makes the others moot comes first; so ``cancelled`` means that nothing else was wrong.
    """
    if found is None:
        return MISSING
    now, last_seq, ended, cancelled = found
    if ended:
        return ENDED
    if attempt != now or (first_seq is not None and first_seq != last_seq + 1):
        return STALE
    return CANCELLED if cancelled else STALE


def save_refusal(found: tuple[str, str] | None, op: SaveWorkflow) -> Refused | None:
    """Return why a workflow cannot be saved over the owner and etag that were *found*."""
    if found is None:
        return None if op.if_match is None else MISMATCH
    user, etag = found
    if user != op.user:
        return FOREIGN
    return None if matches(op.if_match, etag) else MISMATCH


def matches(if_match: str | None, etag: str) -> bool:
    """Tell whether the condition holds for a stored document."""
    return if_match is None or if_match in ("*", etag)
