"""A job that has not ended, as this server knows it: its row, the run that is under way, and who listens."""

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from nodetool.graph.version import Version
from nodetool.jobs.clock import Timer
from nodetool.jobs.cursor import Batch, Cursor
from nodetool.jobs.ending import CANCELLED, FIRST_SEQ, Ending, queued_event, requeued_event, terminal_event
from nodetool.protocol import frames
from nodetool.protocol.errors import Fault, NodetoolError
from nodetool.protocol.events import Status
from nodetool.storage.port import Append, Begin, Checkpoint, End, Reader, Requeue

if TYPE_CHECKING:
    from nodetool.jobs.runners import Runner


class Job(msgspec.Struct, eq=False, kw_only=True):
    """One accepted job. Only the supervisor changes it; others wait for its end and read its events."""

    no: int
    id: str
    user: str
    workflow_id: str
    version: Version
    values: dict[str, Any]
    """What the inputs get: the params, coerced."""
    created_us: int
    reader: Reader
    status: Status = "queued"
    attempt: int = 1
    started_us: int = 0
    """When this attempt started here; 0 if it has not."""
    sent_seq: int = FIRST_SEQ
    """The number of the last event that was given to the writer."""
    stored_seq: int = FIRST_SEQ
    """The number of the last committed event …"""
    stored_attempt: int = 1
    """… and its attempt."""
    counted: int = 0
    """Attempts that ended by the run's own fault, or whose fault is not known."""
    lost_in: str | None = None
    """The node that it was in when its runner was lost, if that is known."""
    is_alone: bool = False
    """It gets a runner for itself, whatever its class: one that it shared has died."""
    is_cancelling: bool = False
    """A cancel is recorded, or on its way to be: the job ends in no other way."""
    is_void: bool = False
    """Its accept could not be stored, so nothing of it can be."""
    is_deaf: bool = False
    """It told more than it may: what its run tells from then on is not heard."""
    is_broken: bool = False
    """Something that it told was refused: it ends where its log ends."""
    is_ended: bool = False
    """The end is committed."""
    is_resuming: bool = False
    """It has its place in a runner, and starts there once what earlier attempts kept is read."""
    has_kept: bool = False
    """Something that it sent may be kept."""
    runner: "Runner | None" = None
    reading: "asyncio.Task[None] | None" = None
    """Reads what is kept."""
    timer: Timer | None = None
    """Ends the attempt when it takes too long."""
    verdict: Ending | None = None
    """The run is over a limit: the job ends like this, whatever the run reports."""
    ending: Ending | None = None
    accept: "asyncio.Future[Any] | None" = None
    cancel: "asyncio.Future[Any] | None" = None
    """Done once the cancel is recorded."""
    _cursors: list[Cursor] = []
    _waiters: "list[asyncio.Future[Ending]]" = []
    _fault: NodetoolError | None = None

    # What becomes of it: each changes the job, and returns what stores the change.

    def begin(self, now_us: int) -> Begin:
        """Start to run, after it was queued."""
        self.status = "running"
        return Begin(no=self.no, attempt=self.attempt, started_us=now_us)

    def append(self, events: frames.Events) -> Append:
        """Take what its run told."""
        self.sent_seq += events.count
        return Append(
            no=self.no,
            attempt=self.attempt,
            first_seq=events.first_seq,
            count=events.count,
            flags=events.flags,
            data=events.data,
        )

    def keep(self, kept: frames.Checkpoint) -> Checkpoint:
        """Take what a firing of its run sent."""
        self.has_kept = True
        return Checkpoint(no=self.no, attempt=self.attempt, key=kept.key, data=kept.data)

    @property
    def resumes(self) -> bool:
        """Earlier attempts may have kept something for this one."""
        plan = self.version.plan
        return self.attempt > 1 and plan is not None and plan.keeps

    def requeue(self, reason: str, now_us: int, *, counts: bool) -> Requeue:
        """End an attempt, for the next to be made. *counts*: it is one of those that a job may end badly."""
        ended = self.attempt
        self.attempt += 1
        self.sent_seq += 1
        self.status = "queued"
        data = requeued_event(
            self.id, self.workflow_id, seq=self.sent_seq, now_us=now_us, attempt=self.attempt, message=reason
        )
        return Requeue(no=self.no, attempt=ended, first_seq=self.sent_seq, data=data, counts=counts)

    def end(
        self, how: Ending, now_us: int, events: frames.Events | None = None, *, records_cancel: bool = False
    ) -> End:
        """End, with the events that came just before. Once a cancel is on its way there is only one end.

        A job that is broken ends in the attempt that is stored: a later one may never be.
        """
        attempt = self.stored_attempt if self.is_broken else self.attempt
        self.is_cancelling |= records_cancel
        self.ending = CANCELLED if self.is_cancelling else self.verdict or how
        first_seq = self.sent_seq + 1
        count = (events.count if events else 0) + 1
        self.sent_seq += count
        last = terminal_event(
            self.id,
            self.workflow_id,
            seq=self.sent_seq,
            now_us=now_us,
            attempt=attempt,
            ending=self.ending,
        )
        return End(
            no=self.no,
            attempt=attempt,
            first_seq=first_seq,
            count=count,
            flags=events.flags if events else 0,
            data=events.data + last if events else last,
            status=self.ending.status,
            error=self.ending.error or None,
            finished_us=now_us,
            records_cancel=records_cancel,
            drops_checkpoints=self.has_kept,
        )

    def faults(self, message: str) -> tuple[Fault, ...]:
        """Name the node that it was in when its runner was lost, if that is known."""
        return (Fault(node_id=self.lost_in, message=message),) if self.lost_in else ()

    # Who waits for it, and who listens.

    async def accepted(self) -> None:
        """Return once the accept is committed. Raises Conflict, StorageFailed or StorageFull."""
        if self.accept:
            await asyncio.shield(self.accept)

    async def cancelled(self) -> None:
        """Return once a cancel that was asked for is recorded, or the job has ended.

        Raises:
            StorageFailed, StorageFull: the cancel could not be recorded.
        """
        if self.ending:  # perhaps it came too late, and the job ends as it was going to
            await self.wait()
        elif self.cancel:
            await asyncio.shield(self.cancel)

    async def wait(self) -> Ending:
        """Return once the end is committed. A waiter that is cancelled touches neither the job nor other waiters.

        Raises:
            Conflict, StorageFailed, StorageFull: the job could not be accepted.
            ShuttingDown: the server stops; the job runs again at its next start.
        """
        if self.is_ended and self.ending:
            return self.ending
        if self.is_void:
            await self.accepted()
        if self._fault:
            raise self._fault
        # To ask which loop runs is a system call, and nearly every run is waited for.
        loop = self.accept.get_loop() if self.accept else asyncio.get_running_loop()
        waiter: asyncio.Future[Ending] = loop.create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            raise

    def events(self, after: int = 0) -> Cursor:
        """Return a reader of the events behind *after*."""
        cursor = Cursor(self, self.reader, after)
        if not self.is_ended:
            self._cursors.append(cursor)
        return cursor

    @property
    def standing(self) -> Status:
        """Where it stands: how it ended, once the end is committed."""
        return self.ending.status if self.is_ended and self.ending else self.status

    @property
    def readers(self) -> int:
        """How many cursors follow it."""
        return len(self._cursors)

    def first_event(self) -> bytes:
        return queued_event(self.id, self.workflow_id, self.created_us)

    def detach(self, cursor: Cursor) -> None:
        if cursor in self._cursors:
            self._cursors.remove(cursor)

    def publish(self, batch: Batch) -> None:
        """Hand a committed batch to every listener; with the last one, the end to everyone who waits for it."""
        self.stored_seq = batch.last_seq
        self.is_ended = batch.last
        for cursor in self._cursors:
            cursor.take(batch)
        if batch.last:
            self._cursors.clear()
            assert self.ending
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(self.ending)
            self._waiters.clear()

    def fail_waiters(self, error: NodetoolError) -> None:
        """Tell everyone who waits, now or later, that the end will not be known here."""
        self._fault = error
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(error)
        self._waiters.clear()


Change = Append | Checkpoint | Requeue | Begin | End

Entry = tuple[Job, Change]
"""What became of a job, and what stores it."""
