"""How long one firing may take. Only the time that the node itself works counts, not what it has to wait for.

It waits for room where others take its items slowly, for items that others send slowly, and for a free thread.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from nodetool.engine.work import Hands

T = TypeVar("T")


class Stopwatch:
    """Calls *over* once a firing has worked for *seconds*. ``start`` and ``stop`` come in pairs, which may overlap.

    For use in the loop.
    """

    def __init__(self, seconds: float, over: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._left = seconds
        self._over = over
        self._since = 0.0
        self._turns = 0
        """It runs while this is above zero; a node with tasks of its own may wait in several."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def start(self) -> None:
        self._turns += 1
        if self._turns == 1:
            self._since = monotonic()
            if self._timer is None:
                self._set_timer(self._left)

    def stop(self) -> None:
        self._turns -= 1
        if self._turns == 0:
            self._left -= monotonic() - self._since

    @property
    def is_over(self) -> bool:
        """It has run for too long. *over* may not have been called: while a node holds the loop nobody can do that."""
        return self._left <= 0

    def close(self) -> None:
        """The firing has ended."""
        self._is_closed = True
        if self._timer:
            self._timer.cancel()

    def _set_timer(self, seconds: float) -> None:
        if not self._is_closed:
            self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """The time may be over; while the watch stands still, it looks again once that goes on."""
        self._timer = None
        if self._turns > 0:
            left = self._left - (monotonic() - self._since)
            if left <= 0:
                self._over()
            else:
                self._set_timer(left)


async def watched(stream: AsyncGenerator[Any, None], watch: Stopwatch) -> AsyncGenerator[Any, None]:
    """Yield the items of *stream*; what it takes to make them counts."""
    async with aclosing(stream):
        while True:
            watch.start()
            try:
                item = await anext(stream)
            except StopAsyncIteration:
                return
            finally:
                watch.stop()
            yield item


class WatchedHands:
    """The threads of a run, for one firing: the watch runs once a thread has taken the work up."""

    def __init__(self, hands: Hands, watch: Stopwatch) -> None:
        self._hands = hands
        self._watch = watch
        self._loop = asyncio.get_running_loop()

    async def call(self, function: Callable[[], T]) -> T:
        """Run *function* in a thread."""
        try:
            return await self._hands.call(partial(self._begin, function))
        finally:
            self._watch.stop()

    def _begin(self, function: Callable[[], T]) -> T:
        self._loop.call_soon_threadsafe(self._watch.start)
        return function()
