"""A database that may not grow, or that does not wait: real errors of SQLite, and a migration that is disturbed."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from nodetool.app import OpenStore
from nodetool.storage import connect, migrate
from nodetool.storage.connect import BUSY_S
from nodetool.storage.port import Op
from nodetool.storage.sqlite import FILE, Store, open_store
from nodetool.storage.transaction import Sync
from nodetool.storage.writer import SqliteWriter
from tests.durability.board import Board
from tests.durability.faulty import die
from tests.durability.wrapped import Outcomes, Wrapped, opener

MANY = 1 << 30
"""Pages; no limit."""


class SmallWriter(Wrapped):
    """Its database does not grow while the file *full* exists."""

    def __init__(self, real: SqliteWriter, full: Path | None) -> None:
        super().__init__(real)
        self._full = full
        self._was_full = False
        self._connection = real._transactions._connection

    def append(self, ops: Sequence[Op]) -> Outcomes:
        is_full = self._full is not None and self._full.exists()
        if is_full != self._was_full:
            self._was_full = is_full
            # One page is less than there are: then it stays at what there is.
            self._connection.execute(f"PRAGMA max_page_count = {1 if is_full else MANY}")
        outcomes: Outcomes = self._real.append(ops)
        return outcomes


def small_store(full: Path | None, busy_ms: int | None) -> OpenStore:
    """Return what opens a store that does not grow while *full* exists, and waits so long for others."""
    busy_s = BUSY_S if busy_ms is None else busy_ms / 1000
    return opener(lambda writer: SmallWriter(writer, full), busy_s=busy_s)


STEPS = frozenset({sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_INDEX, sqlite3.SQLITE_ALTER_TABLE})


def migrating_store(board: Board) -> OpenStore:
    """Return what opens a store whose migration is disturbed, as the board says, before one of its statements."""

    def judge(action: int, first: str | None, *_: object) -> int:
        points = {"migrate"} if action in STEPS else {"commit"} if first == "COMMIT" else set()
        fault = board.due("before", points)
        if fault is None:
            return sqlite3.SQLITE_OK
        if fault.action == "kill":
            die()
        time.sleep(fault.seconds)
        return sqlite3.SQLITE_DENY if fault.action == "fail" else sqlite3.SQLITE_OK

    def open_migrated(home: Path, *, sync: Sync) -> Store:
        connection = connect.to_write(home / FILE)
        connection.set_authorizer(judge)
        try:
            migrate.migrate(connection, migrate.steps())
        finally:
            connection.close()
        return open_store(home, sync=sync)

    return open_migrated
