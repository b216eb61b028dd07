"""The SQLite database of a home: one writer, a reader, and the thread that keeps the log short."""

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from nodetool.protocol.errors import StorageFailed
from nodetool.storage import connect, migrate, queries
from nodetool.storage.changes import Changes
from nodetool.storage.checkpoint import EVERY_S, Checkpointer
from nodetool.storage.connect import BUSY_S, MAX_WAL_BYTES
from nodetool.storage.pace import Pace
from nodetool.storage.reader import SqliteReader
from nodetool.storage.transaction import Sync, Transactions
from nodetool.storage.writer import SqliteWriter

FILE = "nodetool.db"


@dataclass(frozen=True)
class Store:
    """What ``open_store`` opened; ``close`` closes it."""

    writer: SqliteWriter
    reader: SqliteReader
    checkpoints: Checkpointer

    async def close(self) -> None:
        """Commit what waits, then close. The last connection to go, the checkpointer's, empties the log."""
        await self.writer.close()
        await self.reader.close()
        await asyncio.to_thread(self.checkpoints.close)


def open_store(
    home: Path,
    *,
    sync: Sync,
    busy_s: float = BUSY_S,
    checkpoint_s: float = EVERY_S,
    max_wal_bytes: int = MAX_WAL_BYTES,
    pace: Pace | None = None,
) -> Store:
    """Open the database of *home*, made or migrated if need be. The caller holds the home's lock.

    Raises:
        HomeTooNew: a newer program wrote it.
        StorageFailed: it cannot be opened; says why.
    """
    path, sql = home / FILE, queries.load()
    try:
        connection = _open_current(path, max_wal_bytes)
        changes = Changes(connection, sql)
        checkpoints = Checkpointer(connect.to_write(path), every_s=checkpoint_s, max_wal_bytes=max_wal_bytes)
        transactions = Transactions(connection, changes, sync=sync, busy_s=busy_s)
        return Store(
            writer=SqliteWriter(transactions, checkpoints, pace or Pace(), last_no=changes.last_no()),
            reader=SqliteReader(connect.to_read(path), connect.to_read(path), sql),
            checkpoints=checkpoints,
        )
    except sqlite3.Error as error:
        raise StorageFailed(f"The database of this home cannot be opened: {error}.") from error


def _open_current(path: Path, max_wal_bytes: int) -> sqlite3.Connection:
    connection = connect.to_write(path, max_wal_bytes=max_wal_bytes)
    try:
        migrate.migrate(connection, migrate.steps())
    except BaseException:
        connection.close()
        raise
    return connection
