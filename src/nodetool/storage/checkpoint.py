"""Moves what the write-ahead log (WAL) holds into the database file, on a thread of its own.

A passive checkpoint disturbs nobody, but under steady load the log never starts over: by the time the checkpoint has
copied everything, more has been committed, and the file grows without end. So past a bound the writer holds its next
commit for one more, which is short because the last one is at most a moment ago; then the log starts over by itself.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable

from nodetool.storage.connect import MAX_WAL_BYTES

EVERY_S = 0.1

log = logging.getLogger(__name__)


class Checkpointer:
    """A thread with its own connection. It sleeps while nothing is committed."""

    def __init__(
        self, connection: sqlite3.Connection, *, every_s: float = EVERY_S, max_wal_bytes: int = MAX_WAL_BYTES
    ) -> None:
        self.due = False
        """The log is past its bound: the writer should ask before it commits again."""
        self._connection = connection
        self._every_s = every_s
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        self._max_pages = max_wal_bytes // int(page_bytes)
        self._resume: Callable[[], object] | None = None
        self._dirty = threading.Event()
        self._urgent = threading.Event()
        self._failing = False
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="nodetool-checkpoint", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something was committed."""
        if not self._dirty.is_set():
            self._dirty.set()

    def ask(self, resume: Callable[[], object]) -> None:
        """Make one checkpoint now, and call *resume* (from the thread) when the writer may go on."""
        self.due = False
        self._resume = resume
        self._urgent.set()
        self._dirty.set()

    def close(self) -> None:
        """Make a last checkpoint and end the thread. May take a moment: not for an event loop."""
        self._closed = True
        self._urgent.set()
        self._dirty.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        while not self._closed:
            self._dirty.wait()
            self._urgent.wait(self._every_s)
            self._dirty.clear()
            self._urgent.clear()
            self._round()

    def _round(self) -> None:
        """Checkpoint once. After one that it asked for the writer goes on, even if it failed."""
        resume, self._resume = self._resume, None
        pages = self._checkpoint()
        if resume is not None:
            resume()
        else:
            self.due = pages > self._max_pages

    def _checkpoint(self) -> int:
        """Copy what can be copied, and return how many pages the log holds."""
        try:
            _, pages, _ = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:  # a full or failing disk; nothing is lost, the log still has it
            if not self._failing:
                log.warning("the database's log cannot be checkpointed: %s", error)
            self._failing = True
            return 0
        self._failing = False
        return int(pages)
