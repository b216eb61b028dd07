"""How a node that is a generator, or that may block, is brought to work in the loop."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import Executor, Future
from functools import partial
from itertools import islice
from typing import Any, Protocol, TypeVar

from nodetool.engine.bind import Way
from nodetool.protocol.errors import NodeFailed

T = TypeVar("T")

HOP = 64
"""Items that a blocking generator makes before they leave its thread …"""

HOP_SECONDS = 0.01
"""… or the time that it may take over them, whichever is first."""


class Hands(Protocol):
    """Who does what may block."""

    async def call(self, function: Callable[[], T]) -> T:
        """Run *function* in a thread."""
        ...


class Threads:
    """The threads of a run's blocking nodes: which are at work, so that a stopped run can wait for them.

    Those of a workflow that is called are also among those of its caller, the *outer* ones.
    """

    def __init__(self, pool: Executor, outer: "Threads | None" = None) -> None:
        self._pool = pool
        self._outer = outer
        self._jobs: dict[asyncio.Future[Any], Future[Any]] = {}

    @property
    def at_work(self) -> set["asyncio.Future[Any]"]:
        return set(self._jobs)

    async def call(self, function: Callable[[], T]) -> T:
        """Run *function* in a thread. Cancelling the caller does not stop it: it stays among those at work."""
        job = self._pool.submit(_uncaught, function)
        work = asyncio.wrap_future(job)
        self.add(work, job)
        return await asyncio.shield(work)

    def within(self) -> "Threads":
        """Return what a workflow that is called uses: it can be stopped alone."""
        return Threads(self._pool, self)

    def drop_waiting(self) -> None:
        """Forget the calls that no thread has taken up yet."""
        for job in self._jobs.values():
            job.cancel()

    def add(self, work: "asyncio.Future[Any]", job: Future[Any]) -> None:
        """Count a call among those at work, here and further out."""
        self._jobs[work] = job
        work.add_done_callback(self._done)
        if self._outer:
            self._outer.add(work, job)

    def _done(self, work: "asyncio.Future[Any]") -> None:
        del self._jobs[work]
        if not work.cancelled():
            work.exception()  # read, so that one that nobody waits for is not reported as lost


def made_by(way: Way, process: Callable[[], Any], hands: Hands) -> AsyncGenerator[Any, None]:
    """Yield what *process* makes, called in its *way*: the items that it yields, or the one thing that it returns."""
    match way:
        case "each_async":
            made: AsyncGenerator[Any, None] = process()
            return made
        case "each":
            return each(process())
        case "each_thread":
            return each_in_thread(process(), hands)
        case "thread":
            return _one(partial(hands.call, process))
        case "await":
            return _one(process)
        case _:
            return _here(process)


async def _one(call: Callable[[], Awaitable[Any]]) -> AsyncGenerator[Any, None]:
    yield await call()


async def _here(call: Callable[[], Any]) -> AsyncGenerator[Any, None]:
    yield call()


async def each(stream: Generator[Any, None, None]) -> AsyncGenerator[Any, None]:
    """Yield the items of a generator that is advanced here and now."""
    try:
        for item in stream:
            yield item
    finally:
        stream.close()


async def each_in_thread(stream: Generator[Any, None, None], hands: Hands) -> AsyncGenerator[Any, None]:
    """Yield the items of a generator that is advanced in a thread, some items a hop."""
    hops = _Hops(stream)
    try:
        while not hops.has_ended:
            for item in await hands.call(hops.next):
                yield item
    finally:
        hops.is_stopping = True
        if not hops.has_ended:
            await hands.call(hops.close)


class _Hops:
    """A generator in a thread. It may be told to stop while it is at work, and then pauses after the item it is at."""

    def __init__(self, stream: Generator[Any, None, None]) -> None:
        self.is_stopping = False
        self.has_ended = False
        self._stream = stream
        self._error: BaseException | None = None
        self._lock = threading.Lock()

    def next(self) -> list[Any]:
        """Return some items. What the generator raises comes with the call after that for the items before it."""
        items: list[Any] = []
        with self._lock:
            if self._error is None:
                self._fill(items)
        if self._error and not items:
            self.has_ended = True
            raise self._error
        return items

    def close(self) -> None:
        with self._lock:
            self._stream.close()

    def _fill(self, items: list[Any]) -> None:
        until = time.monotonic() + HOP_SECONDS
        try:
            for item in islice(self._stream, HOP):
                items.append(item)
                if self.is_stopping or time.monotonic() >= until:
                    return
        except BaseException as error:  # noqa: BLE001 - the border of one node's run; it is raised by ``next``
            self._error = error
        else:
            self.has_ended = len(items) < HOP


def _uncaught(function: Callable[[], T]) -> T:
    """Call *function*; what would end a thread's future in a way of its own becomes a failure of the node."""
    try:
        return function()
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            raise
        raise NodeFailed(f"the node raised {type(error).__name__}: {error}") from error
