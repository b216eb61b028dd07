"""The database of a home that a server has open, for a command that changes a row beside it.

SQLite lets one process write at a time, and the others wait: the server's writer for the moment that such a change
takes, and the change for the server's commit. So only what the server keeps no copy of may be changed like this, and
only in a schema that both know.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from nodetool.protocol.errors import HomeTooNew
from nodetool.storage import connect, migrate, queries
from nodetool.storage.changes import Changes
from nodetool.storage.port import Op, Outcome
from nodetool.storage.reader import SqliteReader
from nodetool.storage.sqlite import FILE
from nodetool.storage.transaction import Call, Transactions


class Beside:
    """Takes operations as the writer does; each call is a transaction of its own."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def append(self, ops: Sequence[Op]) -> Awaitable[list[Outcome]]:
        """Commit *ops*, in this call."""
        call = Call(tuple(ops), asyncio.get_running_loop().create_future())
        self._transactions.run([call])
        call.settle()
        return call.future


@asynccontextmanager
async def open_beside(home: Path) -> AsyncIterator[tuple[Beside, SqliteReader]]:
    """Open the database of *home*, which a server may have open too, for the length of the block.

    Raises:
        HomeTooNew: the two programs do not know the same schema.
    """
    path, sql = home / FILE, queries.load()
    connection = connect.to_write(path)
    try:
        check_schema(connection)
        reader = SqliteReader(connect.to_read(path), connect.to_read(path), sql)
        try:
            yield Beside(Transactions(connection, Changes(connection, sql), sync="full", busy_s=connect.BUSY_S)), reader
        finally:
            await reader.close()
    finally:
        connection.close()


def check_schema(connection: sqlite3.Connection) -> None:
    """Raise HomeTooNew unless the database has the schema of this program: who runs on it may not know another."""
    found, wanted = migrate.version(connection), max(migrate.steps())
    if found != wanted:
        raise HomeTooNew(f"The server on this home has schema {found}, this program knows {wanted}: use one version.")
