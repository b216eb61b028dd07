"""Accepts that wait for what their run tells first, to be stored with it: one row, written once, in one transaction.

Only for a run whose nodes take microseconds, of somebody who is shown nothing of the job before its first event: then
nothing was accepted until then. Nobody else knows the job, and if the server dies it never was.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from nodetool.jobs.clock import Clock
from nodetool.jobs.job import Entry, Job
from nodetool.storage.port import Accept, Append, End, First, Op, Outcome

TICK = 0.005
"""Seconds between two looks at what is held: an accept is held for one to two of these at most."""


class Held(NamedTuple):
    """An accept that is held."""

    op: Accept
    stored: "asyncio.Future[list[Outcome]]"
    tick: int

    def settle(self, done: "asyncio.Future[list[Outcome]]", place: int = 0) -> None:
        """Tell whoever waits for the accept what became of it: the outcome at *place*."""
        error = done.exception()
        if error is None:
            self.stored.set_result([done.result()[place]])
        else:
            self.stored.set_exception(error)


class HeldAccepts:
    """*store* takes an operation at once. Every accept is given to it, with the first of its run or alone."""

    def __init__(self, store: Callable[[Accept], "asyncio.Future[list[Outcome]]"], clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        """Asked for once: to ask which loop runs is a system call."""
        self._tick = 0
        self._held: dict[Job, Held] = {}
        """Oldest first."""
        self._looks = False
        """The next look is due, perhaps at nothing: most are held for less, and a timer for each would cost more."""

    def __bool__(self) -> bool:
        return bool(self._held)

    def hold(self, job: Job, op: Accept) -> "asyncio.Future[list[Outcome]]":
        """Keep the accept of a new job; the future tells what became of it, once it is stored."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        stored: asyncio.Future[list[Outcome]] = self._loop.create_future()
        if not self._looks:
            self._looks = True
            self._clock.later(TICK, self._look)
        self._held[job] = Held(op, stored, self._tick)
        return stored

    def join(self, entries: list[Entry], ops: list[Op]) -> dict[int, Held]:
        """Put the accepts of jobs that are held into the *ops* which store *entries*, at the first entry of each.

        Returns the accepts by their places there: the caller settles them.
        """
        joined = {}
        for place, (job, op) in enumerate(entries):
            if job not in self._held:
                continue
            if isinstance(op, Append | End):
                held = joined[place] = self._held.pop(job)
                ops[place] = First(accept=held.op, then=op)
            else:
                self._release(job)
        return joined

    def release(self) -> None:
        """Have all of them stored now."""
        for job in list(self._held):
            self._release(job)

    def _release(self, job: Job) -> None:
        held = self._held.pop(job)
        self._store(held.op).add_done_callback(held.settle)

    def _look(self) -> None:
        """Have those stored that were there at the last look but one."""
        self._tick += 1
        self._looks = bool(self._held)
        for job, held in list(self._held.items()):
            if held.tick > self._tick - 2:
                break
            self._release(job)
        if self._looks:
            self._clock.later(TICK, self._look)
