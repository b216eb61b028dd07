"""Work that may take for ever: it gets a moment in the loop, then a second in a thread, then no more.

What people write as a pattern, a template or a schema takes microseconds, or for ever. In the loop it would hold up
every other run of its runner, so it gets no more than a moment there.
"""

import asyncio
from collections.abc import Callable
from time import thread_time
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 0.02
"""Seconds of computing that work may take in the loop."""

AT_MOST = 1.0
"""Seconds of computing that it may take in a thread, where it begins again."""

TICKS = 64
"""A clock that is told of every small step looks at the time once for so many of them."""


SMALL = 20_000
"""Characters with which code in Python is done in some milliseconds."""


class OutOfTime(TimeoutError):
    """The work took all the time that it had."""


class Clock:
    """The time that a piece of work has. It counts what its thread computes, not how long others keep it from that."""

    def __init__(self, seconds: float = AT_MOST) -> None:
        self.is_short = seconds < AT_MOST
        """This is the try in the loop: what is known to be long may raise OutOfTime at once."""
        self._until = thread_time() + seconds
        self._ticks = 0

    def left(self) -> float:
        """Return the seconds that are left. Raises OutOfTime."""
        seconds = self._until - thread_time()
        if seconds <= 0:
            raise OutOfTime
        return seconds

    def tick(self) -> None:
        """Tell of a small step. Raises OutOfTime."""
        self._ticks += 1
        if self._ticks % TICKS == 0:
            self.left()


async def in_time(work: Callable[[Clock], T]) -> T:
    """Return what *work* returns; it is called a second time if the first one takes too long.

    Raises:
        TimeoutError: it took longer than AT_MOST.
    """
    try:
        return work(Clock(AT_ONCE))
    except TimeoutError:
        return await asyncio.to_thread(lambda: work(Clock()))


async def aside(size: int, work: Callable[[], T]) -> T:
    """Return what *work* returns, which takes longer the larger *size* is: in a thread if that is not small."""
    return await asyncio.to_thread(work) if size > SMALL else work()
