"""What the operations on secrets do to the database. This too runs inside the writer's transaction, and only there."""

import sqlite3
from collections.abc import Callable

from nodetool.storage.port import Done, Outcome, Refused
from nodetool.storage.queries import Queries
from nodetool.storage.sealed import DropSecret, ResealParams, ResealSecret, SetSecret

DONE = Done()
MISSING = Refused("missing")
STALE = Refused("stale")


class SecretChanges:
    """Applies the operations on what is sealed."""

    def __init__(self, execute: Callable[..., sqlite3.Cursor], sql: Queries) -> None:
        self._execute = execute
        self._sql = sql

    def set(self, op: SetSecret) -> Outcome:
        self._execute(self._sql["set_secret"], (op.user, op.name, op.sealed, op.now_us))
        return DONE

    def drop(self, op: DropSecret) -> Outcome:
        return DONE if self._changed("drop_secret", op.user, op.name) else MISSING

    def reseal_secret(self, op: ResealSecret) -> Outcome:
        return DONE if self._changed("reseal_secret", op.user, op.name, op.before, op.after) else STALE

    def reseal_params(self, op: ResealParams) -> Outcome:
        return DONE if self._changed("reseal_params", op.no, op.before, op.after) else STALE

    def _changed(self, query: str, *values: object) -> bool:
        return self._execute(self._sql[query], values).rowcount == 1
