"""How this program opens its database file."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

BUSY_S = 5.0
"""How long a statement waits for somebody else's lock: a backup, or a person with a shell."""

PAGE_BYTES = 8192
"""Of a new database: a run's batch of events fits into a page, where the default would spread it over several."""

MAX_WAL_BYTES = 64 * 1024 * 1024
"""Where the write-ahead log starts over; what a burst made larger is cut to it."""


def to_write(path: Path, *, max_wal_bytes: int = MAX_WAL_BYTES) -> sqlite3.Connection:
    """Open the file, made if it is not there, for the writer or the checkpoints; no statement commits by itself."""
    _make(path)
    connection = _connect(path.absolute().as_uri())
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute(f"PRAGMA journal_size_limit = {max_wal_bytes}")
    return connection


def to_read(path: Path) -> sqlite3.Connection:
    """Open a file that is there; whatever is tried, nothing is written."""
    return _connect(path.absolute().as_uri() + "?mode=ro")


def _make(path: Path) -> None:
    """Make the file, since SQLite would let everybody read it.

    One that is there is not opened: to close it would drop the locks that this process has on it. Then somebody who
    looks into the database and leaves, say a person with a shell, would take the write-ahead log with him.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False, cached_statements=64
    )
