"""Calls a node's ``process``, of whichever kind it is, and hands over what comes out, item by item."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import Executor
from itertools import islice
from typing import Any, TypeVar

from nodetool.engine.bind import Shape
from nodetool.engine.context import NodeContext
from nodetool.protocol.errors import NodeFailed
from nodetool.sdk.node import Node

T = TypeVar("T")

HOP = 64
"""Items that a blocking generator makes before they leave its thread …"""

HOP_SECONDS = 0.01
"""… or the time that it may take over them, whichever is first."""


class Threads:
    """The threads of a run's blocking nodes: which are at work, so that a stopped run can wait for them."""

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self.at_work: set[asyncio.Future[Any]] = set()

    async def call(self, function: Callable[[], T]) -> T:
        """Run *function* in a thread. Cancelling the caller does not stop it: it stays among those at work."""
        work = asyncio.get_running_loop().run_in_executor(self._pool, function)
        self.at_work.add(work)
        work.add_done_callback(self._done)
        return await asyncio.shield(work)

    def _done(self, work: "asyncio.Future[Any]") -> None:
        self.at_work.discard(work)
        if not work.cancelled():
            work.exception()  # read, so that one that nobody waits for is not reported as lost


def call(node: Node, form: Shape, context: Callable[[], NodeContext]) -> Any:
    """Call ``process`` here and now; the context is made only for a process that takes it."""
    process: Callable[..., Any] = node.process  # type: ignore[attr-defined]  # describe() saw to it
    return process(context()) if form.process.takes_context else process()


async def produced(
    node: Node, form: Shape, runs: str, context: Callable[[], NodeContext], threads: Threads
) -> AsyncGenerator[Any, None]:
    """Fire once: yield what ``process`` returns, or each item that it yields."""
    in_thread = runs in ("blocking", "cpu", "gpu") and not form.process.is_async
    if form.process.yields:
        stream = call(node, form, context)
        items: AsyncGenerator[Any, None]
        items = stream if form.process.is_async else _hops(stream, threads) if in_thread else _each(stream)
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()
    elif in_thread:
        context()
        yield await threads.call(lambda: _uncaught(lambda: call(node, form, context)))
    elif form.process.is_async:
        yield await call(node, form, context)
    else:
        yield call(node, form, context)


async def _each(stream: Generator[Any, None, None]) -> AsyncGenerator[Any, None]:
    try:
        for item in stream:
            yield item
    finally:
        stream.close()


async def _hops(stream: Generator[Any, None, None], threads: Threads) -> AsyncGenerator[Any, None]:
    """Advance a generator in a thread, some items a hop."""
    try:
        while items := await threads.call(lambda: _uncaught(lambda: _some(stream))):
            for item in items:
                yield item
    finally:
        if not threads.at_work:
            await threads.call(stream.close)


def _some(stream: Iterator[Any]) -> list[Any]:
    items: list[Any] = []
    until = time.monotonic() + HOP_SECONDS
    for item in islice(stream, HOP):
        items.append(item)
        if time.monotonic() >= until:
            break
    return items


def _uncaught(function: Callable[[], T]) -> T:
    """Call *function*; what would end a thread's future in a way of its own becomes a failure of the node."""
    try:
        return function()
    except (StopIteration, SystemExit, KeyboardInterrupt) as error:
        raise NodeFailed(f"the node raised {type(error).__name__}: {error}") from error
