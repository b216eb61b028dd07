"""What is deleted when its time is over. This too runs inside the writer's transaction, and only there.

A job's row goes first, and a tombstone takes its place: so nobody sees a job with half of its events. Its number is
kept among the leftovers until the last event is gone, as there may be more of them than one transaction should delete.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from nodetool.storage.keys import keys
from nodetool.storage.port import Done, DropGraphs, Expire, Outcome, Prune, Refused, Sweep
from nodetool.storage.queries import Queries

DONE = Done()
MISSING = Refused("missing")


class Pruning:
    """Applies the operations that delete."""

    def __init__(self, execute: Callable[..., sqlite3.Cursor], sql: Queries) -> None:
        self._execute = execute
        self._sql = sql

    def prune(self, op: Prune) -> Outcome:
        for no in op.jobs:
            found = self._run("prune", no).fetchone()
            if found is not None:
                id, user = found
                self._run("add_tombstone", id, user, op.now_us)
                self._run("add_leftover", no)
                self._run("drop_checkpoints", no)
                self._run("drop_inputs", *keys(no))
        self._run("keep_last_no", max(op.jobs, default=0))
        return DONE

    def sweep(self, op: Sweep) -> Outcome:
        (no,) = self._run("leftover").fetchone()
        if no is None:
            return MISSING
        batches, size = op.batches, op.bytes
        while no is not None and batches > 0 and size > 0:
            went, bytes_went = self._drop_events(no, batches, size)
            batches, size = batches - max(went, 1), size - bytes_went
            (no,) = self._run("leftover").fetchone()
        return DONE

    def _drop_events(self, no: int, batches: int, size: int) -> tuple[int, int]:
        """Delete the last events of a job, and its number if these were all; return how much went."""
        first, last = keys(no)
        found = self._run("last_keys", first, last, batches).fetchall()
        went = bytes_went = 0
        for at, length in found:
            if bytes_went >= size:
                break
            first, went, bytes_went = at, went + 1, bytes_went + length
        if went:
            self._run("drop_events", first, last)
        if went == len(found) < batches:
            self._run("drop_leftover", no)
        return went, bytes_went

    def drop_graphs(self, op: DropGraphs) -> Outcome:
        pinned = {hash for (hash,) in self._run("pinned_since", op.after_no)}
        for hash in op.hashes:
            if hash not in pinned:
                self._run("drop_graph", hash)
        return DONE

    def expire(self, op: Expire) -> Outcome:
        requests = self._run("expire_requests", op.requests_us, op.limit).rowcount
        tombstones = self._run("expire_tombstones", op.tombstones_us, op.limit).rowcount
        return DONE if requests or tombstones else MISSING

    def _run(self, query: str, *values: Any) -> sqlite3.Cursor:
        return self._execute(self._sql[query], values)
