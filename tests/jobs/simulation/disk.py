"""A database in memory under the real operations; its commits take a while, fail, and may not outlive a power cut."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache

from nodetool.protocol.errors import StorageFailed, StorageFull
from nodetool.storage import migrate, queries
from nodetool.storage.changes import Changes
from nodetool.storage.port import Op, Outcome
from nodetool.storage.queries import Queries
from nodetool.storage.transaction import Call, Sync, Transactions
from tests.jobs.simulation.chance import Chance, Faults

FULL = 2
"""What SQLite calls a commit that waits for the disk."""

SQL = queries.load()


@cache
def empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate.migrate(connection, migrate.steps())
    return connection


class Disk:
    """What is committed. It outlives the server, and of a power cut what was committed to outlive that."""

    def __init__(self) -> None:
        self.is_full = False
        self.is_mute = False
        self.sql = SQL
        """No server is there to commit anything."""
        self._done: list[list[Op]] = []
        """What each commit held."""
        self._safe = 0
        """So many commits outlive a power cut."""
        self._fill(())

    def commit(self, transactions: Transactions, group: Sequence[Call]) -> None:
        """Commit what *group* asks for, with the transactions of a server."""
        transactions.run(group)
        self._done.append([op for call in group for op in call.ops])
        (level,) = self.connection.execute("PRAGMA synchronous").fetchone()
        if level == FULL:
            self._safe = len(self._done)

    def cut(self, chance: Chance) -> int:
        """Lose some of the last commits, as far as nobody may rely on them; return how many."""
        lost = chance.upto(len(self._done) - self._safe)
        self.close()
        self._fill(self._done[: len(self._done) - lost])
        return lost

    def close(self) -> None:
        self.connection.close()

    def _fill(self, done: Sequence[list[Op]]) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.execute("PRAGMA synchronous = NORMAL")
        empty().backup(self.connection)
        changes = Changes(self.connection, self.sql)
        self.connection.execute("BEGIN")
        for ops in done:
            changes.apply(ops)
        self.connection.execute("COMMIT")
        self._done = list(done)
        self._safe = len(self._done)


class DiskWriter:
    """The one writer: groups what waits, as the real one does. *committed* is told of every commit."""

    sync: Sync = "full"
    sql: Queries = SQL

    def __init__(  # noqa: PLR0917 - the parts of a world, in one place
        self,
        disk: Disk,
        chance: Chance,
        faults: Faults,
        committed: Callable[[list[Op], list[Outcome]], None],
        note: Callable[[str], None],
        trouble: Callable[[], None],
    ) -> None:
        self.disk = disk
        self._chance = chance
        self._faults = faults
        self._committed = committed
        self._note = note
        self._trouble = trouble
        changes = Changes(disk.connection, self.sql)
        disk.sql = self.sql
        self._transactions = Transactions(disk.connection, changes, sync=self.sync, busy_s=0)
        self._last_no = changes.last_no()
        self._waiting: list[Call] = []
        self._is_busy = False

    def next_no(self) -> int:
        self._last_no += 1
        return self._last_no

    def append(self, ops: Sequence[Op]) -> "asyncio.Future[list[Outcome]]":
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Call(tuple(ops), future))
        if not self._is_busy:
            self._is_busy = True
            asyncio.get_running_loop().call_soon(self._flush)
        return future

    def _flush(self) -> None:
        group, self._waiting = self._waiting, []
        self._is_busy = bool(group)
        if group:
            asyncio.get_running_loop().call_later(self._while(), self.commit, group)

    def commit(self, group: list[Call]) -> None:
        if self.disk.is_mute:
            return
        fails = self.disk.is_full or self._chance.happens(self._faults.commit_fails)
        self._note(f"{'fails' if fails else 'commits'}: {', '.join(named(op) for call in group for op in call.ops)}")
        if fails:
            self._trouble()
            for call in group:
                call.error = self._chance.pick((StorageFull, StorageFailed))()
        else:
            self.disk.commit(self._transactions, group)
            assert not [call.error for call in group if call.error]
            outcomes = [outcome for call in group for outcome in call.outcomes]
            self._committed([op for call in group for op in call.ops], outcomes)
        asyncio.get_running_loop().call_later(self._chance.moment(), self._settle, group)

    def _while(self) -> float:
        lasts = self._chance.happens(self._faults.commit_lasts)
        return 2 * self._chance.pause() if lasts else self._chance.moment()

    def _settle(self, group: list[Call]) -> None:
        for call in group:
            call.settle()
        self._flush()


def named(op: Op) -> str:
    return f"{type(op).__name__} {getattr(op, 'no', '')}"
