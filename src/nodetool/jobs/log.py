"""The log of all jobs: what is appended is stored, then handed to every listener. The only fan-out.

When a commit fails, nothing is lost and nothing overtakes: what belongs to accepted jobs waits, in order, and is tried
again until the database takes it. Runs wait meanwhile, since no credit comes back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from nodetool.jobs.clock import Clock
from nodetool.jobs.cursor import Batch
from nodetool.jobs.held import Held, HeldAccepts
from nodetool.jobs.job import Change, Entry, Job
from nodetool.protocol.errors import NodetoolError
from nodetool.storage.port import (
    Accept,
    Append,
    Begin,
    Cancel,
    Checkpoint,
    Done,
    End,
    Feed,
    Op,
    Outcome,
    Refused,
    Requeue,
    Writer,
)

RETRY = 0.5
"""Seconds until a failed commit is tried again."""

_log = structlog.get_logger()


class Keeper(Protocol):
    """Who is told what became of the entries."""

    def begun(self, job: Job, op: Begin) -> None:
        """It is committed that a job that was queued runs; and so is all that earlier attempts left."""
        ...

    def stored(self, job: Job, op: Append | Checkpoint) -> None:
        """What a run sent is committed."""
        ...

    def refused(self, job: Job) -> None:
        """An entry does not fit what is stored: nothing that follows it will."""
        ...


class Log:
    """In front of the one writer. *on_ended* is told of each job whose end is committed."""

    def __init__(self, writer: Writer, keeper: Keeper, on_ended: Callable[[Job], None], clock: Clock) -> None:
        self._writer = writer
        self._keeper = keeper
        self._on_ended = on_ended
        self._clock = clock
        self._failed: list[Entry] = []
        """What could not be committed. What was on its way at that time may still join it, in order …"""
        self._waiting: list[Entry] = []
        """… and what comes later waits behind both."""
        self.is_stalled = False
        """The database does not take changes now: what is appended waits."""
        self._held = HeldAccepts(self.record, clock)
        self.stored_events = 0
        """Counted since the start, for the metrics."""
        self._open = 0
        self._idle = asyncio.Event()

    def next_no(self) -> int:
        return self._writer.next_no()

    def record(self, op: Accept | Cancel | Feed) -> "asyncio.Future[list[Outcome]]":
        """Store what nobody listens for. Entries of a new job may follow at once: they cannot be stored before it."""
        return self._append([op])

    def hold(self, job: Job, op: Accept) -> "asyncio.Future[list[Outcome]]":
        """Store a new job together with what its run tells first, which is often all; or if that takes long, alone."""
        return self._held.hold(job, op)

    def release(self) -> None:
        """Store at once what is held."""
        self._held.release()

    def append(self, entries: list[Entry]) -> None:
        """Store events, and publish them once committed."""
        entries = [entry for entry in entries if not entry[0].is_void]
        if self.is_stalled:
            self._waiting += entries
            return
        self._open += 1
        ops: list[Op] = [op for _, op in entries]
        joined = self._held.join(entries, ops) if self._held else {}
        self._append(ops).add_done_callback(lambda done: self._settled(entries, joined, done))

    async def settle(self, seconds: float) -> None:
        """Return once everything that was appended is committed, or after *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                self.release()
                while self._open or self.is_stalled:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            _log.error("log.unsettled", entries=len(self._failed) + len(self._waiting))

    def _append(self, ops: Sequence[Op]) -> "asyncio.Future[list[Outcome]]":
        return asyncio.ensure_future(self._writer.append(ops))

    def _settled(self, entries: list[Entry], joined: Mapping[int, Held], done: "asyncio.Future[list[Outcome]]") -> None:
        self._open -= 1
        self._idle.set()
        for place, held in joined.items():
            held.settle(done, place)
        error = done.exception()
        if error is not None:
            self._stall(entries, error)
            return
        for (job, op), outcome in zip(entries, done.result(), strict=True):
            if isinstance(outcome, Done):
                self._publish(job, op)
            else:
                self._refused(job, op, outcome)

    def _refused(self, job: Job, op: Change, outcome: Refused) -> None:
        """What follows an entry that could not be committed waits with it; else the entry is at fault."""
        if any(failed is job for failed, _ in self._failed):
            self._failed.append((job, op))
        elif not (job.is_void or job.is_ended):
            _log.error("log.refused", job_id=job.id, op=type(op).__name__, reason=outcome.reason)
            self._keeper.refused(job)

    def _publish(self, job: Job, op: Change) -> None:
        match op:
            case Append():
                self.stored_events += op.count
                job.publish(Batch(op.first_seq, op.count, op.flags, op.data, last=False))
                self._keeper.stored(job, op)
            case End():
                self.stored_events += op.count
                job.publish(Batch(op.first_seq, op.count, op.flags, op.data, last=True))
                self._on_ended(job)
            case Requeue():
                self.stored_events += 1
                job.stored_attempt = op.attempt + 1
                job.publish(Batch(op.first_seq, 1, 0, op.data, last=False))
            case Checkpoint():
                self._keeper.stored(job, op)
            case Begin():
                self._keeper.begun(job, op)

    def _stall(self, entries: list[Entry], error: BaseException) -> None:
        if not isinstance(error, NodetoolError):
            raise error
        _log.error("log.stalled", error=error.detail, entries=len(entries))
        self._failed += entries
        if not self.is_stalled:
            self.is_stalled = True
            self._clock.later(RETRY, self._retry)

    def _retry(self) -> None:
        if self._open:  # what was on its way comes first
            self._clock.later(RETRY, self._retry)
            return
        entries, self._failed, self._waiting = self._failed + self._waiting, [], []
        self.is_stalled = False
        self.append(entries)
