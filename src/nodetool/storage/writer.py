"""The one writer: what waits at the end of a loop tick is one transaction.

Nothing waits to gather. A transaction runs in the loop, which it stops for a moment only; where the disk makes that
moment long, or somebody else has locked the database, it runs on a thread, and what arrives meanwhile is the next one.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import partial
from queue import SimpleQueue

from nodetool.protocol.errors import StorageFailed
from nodetool.storage.checkpoint import Checkpointer
from nodetool.storage.pace import Pace
from nodetool.storage.port import Op, Outcome
from nodetool.storage.transaction import Call, Transactions


class SqliteWriter:
    """Takes operations in an event loop and commits them in the order they came."""

    def __init__(self, transactions: Transactions, checkpoints: Checkpointer, pace: Pace, *, last_no: int) -> None:
        self._transactions = transactions
        self._checkpoints = checkpoints
        self._pace = pace
        self._last_no = last_no
        self._thread: CommitThread | None = None
        self._waiting: list[Call] = []
        self._flush_comes = False
        self._loop: asyncio.AbstractEventLoop | None = None
        """Asked for once: to ask which loop runs is a system call."""
        self._closed = False
        self.commits = 0
        self.operations = 0
        """Counted since the start, for the metrics."""

    def next_no(self) -> int:
        """Return a job number that was never used."""
        self._last_no += 1
        return self._last_no

    def append(self, ops: Sequence[Op]) -> asyncio.Future[list[Outcome]]:
        """Queue *ops*, in this call; the future tells, for each, what became of it once committed."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        loop = self._loop
        future: asyncio.Future[list[Outcome]] = loop.create_future()
        if self._closed:
            future.set_exception(StorageFailed("The database is closed."))
            return future
        self._waiting.append(Call(tuple(ops), future))
        if not self._flush_comes:
            self._flush_comes = True
            loop.call_soon(self._flush)
        return future

    async def close(self) -> None:
        """Commit what waits, and take nothing more."""
        last = self.append(())
        self._closed = True
        await last
        if self._thread is not None:
            self._thread.close()
        self._transactions.close()

    def _flush(self) -> None:
        """Make a transaction of what waits, unless the log is due for a moment without one."""
        self._flush_comes = False
        if not self._waiting:
            return
        if self._checkpoints.due:
            self._flush_comes = True
            self._checkpoints.ask(self._in_loop(self._flush))
            return
        group, self._waiting = self._waiting, []
        if self._pace.stays() and self._transactions.run_now(group):
            self._pace.took(self._transactions.commit_s)
            self._settle(group)
            return
        if self._thread is None:
            self._thread = CommitThread(self._transactions.run)
        self._flush_comes = True
        self._thread.give(group, self._in_loop(partial(self._committed, group)))

    def _committed(self, group: list[Call]) -> None:
        self._settle(group)
        self._flush()

    def _settle(self, group: list[Call]) -> None:
        self._checkpoints.wake()
        self.commits += 1
        for call in group:
            self.operations += len(call.ops)
            call.settle()

    @staticmethod
    def _in_loop(then: Callable[[], None]) -> Callable[[], object]:
        """Return a call for another thread, which makes the loop call *then*."""
        return partial(asyncio.get_running_loop().call_soon_threadsafe, then)


class CommitThread:
    """Runs one group after the other, and says so."""

    def __init__(self, run: Callable[[list[Call]], None]) -> None:
        self._run = run
        self._groups: SimpleQueue[tuple[list[Call], Callable[[], object]] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="nodetool-writer", daemon=True)
        self._thread.start()

    def give(self, group: list[Call], done: Callable[[], object]) -> None:
        """Run *group*, then call *done* from the thread."""
        self._groups.put((group, done))

    def close(self) -> None:
        """End the thread, once it has run what it was given."""
        self._groups.put(None)
        self._thread.join()

    def _loop(self) -> None:
        while self._next():
            pass

    def _next(self) -> bool:
        """Run the next group, and tell whether there may be another. While it waits, the last one is not held."""
        if (given := self._groups.get()) is None:
            return False
        group, done = given
        self._run(group)
        done()
        return True
