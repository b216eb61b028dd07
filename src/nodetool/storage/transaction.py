"""One transaction for the operations of several callers."""

import asyncio
import sqlite3
from collections.abc import Sequence
from time import perf_counter
from typing import Literal

from nodetool.protocol.errors import StorageFailed, StorageFull
from nodetool.storage.changes import Changes
from nodetool.storage.port import (
    Accept,
    Cancel,
    Checkpoint,
    CreateToken,
    DeleteWorkflow,
    End,
    Feed,
    First,
    Op,
    Outcome,
    RevokeToken,
    SaveWorkflow,
)
from nodetool.storage.sealed import DropSecret, ResealParams, ResealSecret, SetSecret

Sync = Literal["full", "normal"]

PROMISES: frozenset[type[Op]] = frozenset(
    {
        Accept,
        First,
        Cancel,
        Checkpoint,
        Feed,
        End,
        SaveWorkflow,
        DeleteWorkflow,
        CreateToken,
        RevokeToken,
        SetSecret,
        DropSecret,
        ResealSecret,
        ResealParams,
    }
)
"""What somebody relies on once it is committed; with ``full`` it outlives a power cut."""

PRIMARY = 0xFF
"""What of SQLite's error codes says what happened; the rest says why."""

MISFITS = (
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
)
"""What one bad operation raises, as against a database that takes none."""


class Call:
    """The operations of one ``append``, what became of them, and who waits to hear it."""

    __slots__ = ("error", "future", "ops", "outcomes")

    def __init__(self, ops: Sequence[Op], future: asyncio.Future[list[Outcome]]) -> None:
        self.ops = ops
        self.future = future
        self.outcomes: list[Outcome] = []
        self.error: Exception | None = None

    def settle(self) -> None:
        """Tell the caller, unless it has stopped waiting. In the loop's thread only."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.outcomes)
        else:
            self.future.set_exception(self.error)


class Locked(Exception):
    """Somebody else writes to the database at this moment."""


class Transactions:
    """Runs transactions on the writer's connection, one after the other."""

    def __init__(self, connection: sqlite3.Connection, changes: Changes, *, sync: Sync, busy_s: float) -> None:
        self.commit_s = 0.0
        """Seconds that the last commit took."""
        self._execute = connection.cursor().execute
        self._connection = connection
        self._changes = changes
        self._full = sync == "full"
        self._level = "NORMAL"
        self._busy_ms = round(busy_s * 1000)
        self._waits = True
        self._set_waits(False)

    def run(self, group: Sequence[Call]) -> None:
        """Apply and commit the operations of all these calls, and leave in each call what became of them.

        If the commit fails, all of them fail. If an operation cannot even be tried, only its call does. Waits for a
        lock that somebody else has.
        """
        self._set_waits(True)
        self._try(group)

    def run_now(self, group: Sequence[Call]) -> bool:
        """As ``run``, unless somebody else has locked the database: then nothing was done, and the answer is False."""
        self._set_waits(False)
        try:
            self._try(group)
        except Locked:
            return False
        return True

    def _try(self, group: Sequence[Call]) -> None:
        try:
            self._run(group)
        except MISFITS as error:
            if len(group) == 1:
                self._fail(group, error)
            else:
                self._set_waits(True)  # some of them may be committed already when a lock comes
                for call in group:
                    self._try([call])
        except sqlite3.Error as error:
            self._fail(group, error)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _run(self, group: Sequence[Call]) -> None:
        if self._full:
            self._set_level("FULL" if holds_promise(group) else "NORMAL")
        self._begin()
        try:
            for call in group:
                call.outcomes = self._changes.apply(call.ops)
            begun = perf_counter()
            self._execute("COMMIT")
            self.commit_s = perf_counter() - begun
        except BaseException:
            if self._connection.in_transaction:  # some failures roll back by themselves
                self._execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        try:
            self._execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & PRIMARY == sqlite3.SQLITE_BUSY and not self._waits:
                raise Locked from error
            raise

    def _set_waits(self, waits: bool) -> None:
        if waits != self._waits:
            self._execute(f"PRAGMA busy_timeout = {self._busy_ms if waits else 0}")
            self._waits = waits

    def _set_level(self, level: str) -> None:
        if level != self._level:
            self._execute(f"PRAGMA synchronous = {level}")
            self._level = level

    @staticmethod
    def _fail(group: Sequence[Call], error: Exception) -> None:
        for call in group:
            call.error = storage_error(error)


def holds_promise(group: Sequence[Call]) -> bool:
    """Tell whether somebody is going to rely on one of these operations."""
    return any(type(op) in PROMISES for call in group for op in call.ops)


def storage_error(error: Exception) -> StorageFailed | StorageFull:
    """Return the error to raise for one of SQLite's, with that as its cause."""
    code = getattr(error, "sqlite_errorcode", None)
    told = StorageFull() if code == sqlite3.SQLITE_FULL else StorageFailed()
    told.__cause__ = error
    return told
