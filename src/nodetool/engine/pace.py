"""When a run lets others go on: the loop is shared by a thousand runs, and what is told has to be stored."""

import asyncio
from collections.abc import Callable, Coroutine
from time import time_ns
from typing import Any

from nodetool.engine.report import Reporter

BREATH_EVENTS = 256
BREATH_MS = 2
"""After so many events, or so long, a run lets the loop go round."""

LOOK_EVENTS = 16
"""After so many events, or one large value, it looks whether it may tell more."""

Room = Callable[[Reporter], Coroutine[Any, Any, None] | None]
"""Returns None while the run may send on, else what to await first."""


class Pace:
    """Asked after each firing and each item: ``is_due`` looks at the clock, and ``breathe`` waits if it said so."""

    def __init__(self, report: Reporter, room: Room) -> None:
        self.is_stopping = False
        """Whoever comes to breathe is cancelled: a node that goes on though it was cancelled ends there."""
        self._report = report
        self._room = room
        self._waiting: Coroutine[Any, Any, None] | None = None
        self._begin()

    def is_due(self) -> bool:
        report = self._report
        now = time_ns() // 1_000_000
        if now != report.now:
            report.set_time(now)
        if report.seq < report.look_at and 0 < self._next_time - now <= BREATH_MS:
            return self.is_stopping
        return self._look()

    def _look(self) -> bool:
        report = self._report
        report.settle()
        report.look_at = report.seq + LOOK_EVENTS
        self._waiting = self._room(report)
        # A clock that is set back leaves the next time further ahead than it can be.
        is_time = report.seq >= self._next_seq or not 0 < self._next_time - report.now <= BREATH_MS
        return is_time or self._waiting is not None or self.is_stopping

    async def breathe(self) -> None:
        """Wait for room, or for one turn of the loop."""
        waiting, self._waiting = self._waiting, None
        await (asyncio.sleep(0) if waiting is None else waiting)
        if self.is_stopping:
            raise asyncio.CancelledError
        self._report.tick()
        self._begin()

    def _begin(self) -> None:
        """The run has the loop from now on."""
        self._next_seq = self._report.seq + BREATH_EVENTS
        self._next_time = self._report.now + BREATH_MS
