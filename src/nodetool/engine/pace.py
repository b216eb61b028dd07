"""When a run lets others go on: the loop is shared by a thousand runs, and what is told has to be stored."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from nodetool.engine.report import Reporter

BREATH_EVENTS = 256
BREATH_MS = 2
"""After so many events, or so long, a run lets the loop go round."""

LOOK_EVENTS = 16
LOOK_BYTES = 16 * 1024
"""After so many events, or so much, it looks whether it may tell more."""

Room = Callable[[Reporter], Coroutine[Any, Any, None] | None]
"""Returns None while the run may send on, else what to await first."""


class Pace:
    """Asked after each firing and each item. ``is_due`` is a plain check; ``breathe`` waits if it said so."""

    def __init__(self, report: Reporter, room: Room) -> None:
        self._report = report
        self._room = room
        self._waiting: Coroutine[Any, Any, None] | None = None
        self._look_total = self._look_size = 0
        self._next_total = 0
        self._next_time = 0

    def is_due(self) -> bool:
        report = self._report
        total = report.total
        if total < self._look_total and report.size < self._look_size and report.now < self._next_time:
            return False
        self._waiting = self._room(report)
        self._look_total = total + LOOK_EVENTS
        self._look_size = report.size + LOOK_BYTES
        return total >= self._next_total or report.now >= self._next_time or self._waiting is not None

    async def breathe(self) -> None:
        """Wait for room, or for one turn of the loop."""
        waiting, self._waiting = self._waiting, None
        await (asyncio.sleep(0) if waiting is None else waiting)
        self._next_total = self._report.total + BREATH_EVENTS
        self._next_time = self._report.tick() + BREATH_MS
