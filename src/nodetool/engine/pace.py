"""When a run lets others go on: the loop is shared by a thousand runs, and what is told has to be stored."""

import asyncio
from collections.abc import Callable, Coroutine, Sized
from time import time_ns
from typing import Any

from nodetool.engine.tape import Tape

BREATH_EVENTS = 256
BREATH_MS = 2
"""After so many events, or so long, a run lets the loop go round."""

FIRST_EVENTS = 64
"""The first breath is a short one: somebody may wait to see that the run goes on."""

LOOK_EVENTS = 16
"""After so many events, or one large value, it looks whether it may tell more."""

FEW = 8
"""Runs that share a loop without being a crowd."""

Room = Callable[[Tape], Coroutine[Any, Any, None] | None]
"""Returns None while the run may send on, else what to await first."""


class Crowd:
    """The *runs* that share a loop. The more there are, the sooner each lets the others go on: so a turn of the loop
    takes no longer, and a run hears of its cancel in time.
    """

    __slots__ = ("_runs",)

    def __init__(self, runs: Sized = ()) -> None:
        self._runs = runs

    @property
    def events(self) -> int:
        """How many of them a run may tell in one breath."""
        runs = len(self._runs)
        return BREATH_EVENTS if runs <= FEW else max(LOOK_EVENTS, BREATH_EVENTS * FEW // runs)


class Breath:
    """When the run has to let go of the loop next: it, and the workflows within it, hold it together."""

    __slots__ = ("crowd", "seq", "time")

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.seq = self.time = 0


class Pace:
    """Asked after each firing and each item: ``is_due`` looks at the clock, and ``breathe`` waits if it said so."""

    __slots__ = ("_breath", "_room", "_tape", "_waiting", "is_stopping")

    def __init__(self, tape: Tape, room: Room, crowd: Crowd | None = None, *, breath: Breath | None = None) -> None:
        self.is_stopping = False
        """Whoever comes to breathe is cancelled: a node that goes on though it was cancelled ends there."""
        self._tape = tape
        self._room = room
        self._waiting: Coroutine[Any, Any, None] | None = None
        self._breath = breath or Breath(crowd or Crowd())
        if breath is None:
            self._begin()
            self._breath.seq = min(self._breath.seq, tape.seq + FIRST_EVENTS)
            tape.look_at = tape.seq + LOOK_EVENTS

    def within(self, room: Room | None = None) -> "Pace":
        """Return the pace of a workflow that is called. It has the same room, or the *room* that is given."""
        return Pace(self._tape, room or self._room, breath=self._breath)

    def room(self) -> Coroutine[Any, Any, None] | None:
        """Return what to await before more may be told, if anything."""
        return self._room(self._tape)

    def is_due(self) -> bool:
        tape = self._tape
        now = time_ns() // 1_000_000
        if now != tape.now:
            tape.set_time(now)
        if tape.seq < tape.look_at and 0 < self._breath.time - now <= BREATH_MS:
            return self.is_stopping
        return self._look()

    def _look(self) -> bool:
        tape, breath = self._tape, self._breath
        tape.settle()
        tape.look_at = tape.seq + LOOK_EVENTS
        self._waiting = self._room(tape)
        # A clock that is set back leaves the next time further ahead than it can be.
        is_time = tape.seq >= breath.seq or not 0 < breath.time - tape.now <= BREATH_MS
        return is_time or self._waiting is not None or self.is_stopping

    async def breathe(self) -> None:
        """Wait for room, or for one turn of the loop."""
        waiting, self._waiting = self._waiting, None
        await (asyncio.sleep(0) if waiting is None else waiting)
        if self.is_stopping:
            raise asyncio.CancelledError
        self._tape.tick()
        self._begin()

    def _begin(self) -> None:
        """The run has the loop from now on."""
        self._breath.seq = self._tape.seq + self._breath.crowd.events
        self._breath.time = self._tape.now + BREATH_MS
