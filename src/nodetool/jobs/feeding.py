"""Items for the inputs of a job that stream: stored before they are acknowledged, and sent to each attempt anew.

A runner holds few at a time. What is stored and not sent is read again when there is room; an item that comes while all
before it is sent goes on from memory.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from nodetool.graph.params import Inputs
from nodetool.graph.values import Misfit
from nodetool.jobs.job import Job
from nodetool.protocol import codec, frames
from nodetool.protocol.errors import Fault, InputFull, InvalidParams, NotStreaming, StorageFailed
from nodetool.storage.port import Done, Fed, Feed, Outcome, Reader

ROOM = 64
"""Items of an open input that are stored and not taken by the run; further ones are refused."""

PAGE = 1000
"""Items that are read at once to be given to another job."""

RETRY = 1.0
"""Seconds until a database that could not be read is asked again."""

_log = structlog.get_logger()


class Inflow:
    """What comes in for one live job."""

    def __init__(self) -> None:
        self.fed: Counter[str] = Counter()
        """Items of each input that are stored, or are about to be."""
        self.taken: Counter[str] = Counter()
        """Of these, how many the current attempt has taken."""
        self.ended: set[str] = set()
        self.last = 0
        """The number of the last item, whether it is stored already or not …"""
        self.stored = 0
        """… of the last one that is …"""
        self.sent = 0
        """… and of the last one that the current attempt was sent."""
        self.next: deque[Fed] = deque()
        """What comes behind that one, as far as it is in memory."""
        self.held = 0
        """Items that the current attempt was sent and has not taken."""
        self.reading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Another attempt begins: it gets all from the first."""
        self.stop()
        self.taken.clear()
        self.sent = self.held = 0
        self.next.clear()

    def stop(self) -> None:
        if self.reading:
            self.reading.cancel()
            self.reading = None


class Feeding:
    """Stores what comes in, and sends it to runners. There is an inflow for each live job that something came for."""

    def __init__(self, record: Callable[[Feed], "asyncio.Future[list[Outcome]]"]) -> None:
        """*record* stores an operation."""
        self._record = record
        self._inflows: dict[int, Inflow] = {}

    def feed(self, job: Job, name: str, value: Any) -> "asyncio.Future[list[Outcome]]":
        """Store an item for an input. The future tells what became of it: ``check`` that.

        Raises:
            NotStreaming: the job has no such input that is open.
            InvalidParams: the value does not fit it.
            InputFull: the run has not taken enough of what came before.
        """
        inflow = self._open(job, name)
        try:
            item = job.version.inputs.by_name[name].item(value)
        except Misfit as error:
            fault = Fault(field=f"data.value for {name}", message=str(error))
            raise InvalidParams(f"{name}: {error}", errors=[fault]) from error
        if inflow.fed[name] - inflow.taken[name] >= ROOM:
            raise InputFull(f"input {name} has {ROOM} items that the run has not taken yet; try again", job_id=job.id)
        inflow.fed[name] += 1
        return self._store(job, inflow, name, codec.to_msgpack(item))

    def end(self, job: Job, name: str) -> "asyncio.Future[list[Outcome]]":
        """Store that nothing more comes for an input. As ``feed``, and raises NotStreaming."""
        inflow = self._open(job, name)
        inflow.ended.add(name)
        return self._store(job, inflow, name, None)

    def begin(self, job: Job) -> None:
        """An attempt has started: send it all that there is."""
        inflow = self._of(job)
        inflow.begin()
        self._pump(job, inflow)

    def took(self, job: Job, frame: frames.Taken) -> None:
        """A run has taken an item."""
        inflow = self._of(job)
        inflow.taken[frame.name] += frame.count
        inflow.held -= frame.count
        self._pump(job, inflow)

    def forget(self, job: Job) -> None:
        """The job's run is under way nowhere."""
        if inflow := self._inflows.get(job.no):
            inflow.stop()

    def drop(self, job: Job) -> None:
        """The job has ended."""
        if inflow := self._inflows.pop(job.no, None):
            inflow.stop()

    def _of(self, job: Job) -> Inflow:
        """Return the inflow of a job, as it is stored if it is not known yet. Raises StorageFailed."""
        inflow = self._inflows.get(job.no)
        if inflow is None:
            inflow = Inflow()
            for name, items, is_ended, last in job.reader.inputs_so_far(job.no):
                inflow.fed[name] = items
                inflow.ended |= {name} if is_ended else set()
                inflow.last = inflow.stored = max(inflow.last, last)
            self._inflows[job.no] = inflow
        return inflow

    def _open(self, job: Job, name: str) -> Inflow:
        known = job.version.inputs.by_name.get(name)
        if job.is_ended or job.ending or job.is_cancelling:
            raise NotStreaming("the job takes no further input: it has ended, or is about to", job_id=job.id)
        if known is None or not known.streams:
            raise NotStreaming(f"the workflow has no input {name[:256]!r} that streams", job_id=job.id)
        if name in job.values:
            raise NotStreaming(f"input {name}: all its items came with the params", job_id=job.id)
        inflow = self._of(job)
        if name in inflow.ended:
            raise NotStreaming(f"input {name} is ended", job_id=job.id)
        return inflow

    def _store(self, job: Job, inflow: Inflow, name: str, data: bytes | None) -> "asyncio.Future[list[Outcome]]":
        inflow.last += 1
        fed = Fed(inflow.last, name, data)
        storing = self._record(Feed(no=job.no, n=fed.n, name=name, data=data))
        storing.add_done_callback(lambda done: self._stored(job, inflow, fed, done))
        return storing

    def _stored(self, job: Job, inflow: Inflow, fed: Fed, done: "asyncio.Future[list[Outcome]]") -> None:
        if done.exception() or not isinstance(done.result()[0], Done):
            if fed.data is None:
                inflow.ended.discard(fed.name)
            else:
                inflow.fed[fed.name] -= 1
            return
        is_next = inflow.next[-1].n if inflow.next else inflow.sent
        if is_next == inflow.stored and not inflow.reading:
            inflow.next.append(fed)
        inflow.stored = fed.n
        self._pump(job, inflow)

    def _pump(self, job: Job, inflow: Inflow) -> None:
        """Send on as much as the run has room for."""
        if job.runner is None or job.is_resuming or inflow.reading:
            return
        while inflow.next and (inflow.held < ROOM or inflow.next[0].data is None):
            n, name, data = inflow.next.popleft()
            value = None if data is None else codec.value_of(data)
            job.runner.link.send(frames.Input(job.no, job.attempt, name, value, data is None))
            inflow.sent = n
            inflow.held += data is not None
        if not inflow.next and inflow.sent < inflow.stored and inflow.held < ROOM:
            inflow.reading = asyncio.ensure_future(self._read(job, inflow))

    async def _read(self, job: Job, inflow: Inflow) -> None:
        try:
            page = await job.reader.inputs(job.no, inflow.sent, limit=ROOM)
        except StorageFailed as error:
            _log.error("inputs.unread", job_id=job.id, error=error.detail)
            await asyncio.sleep(RETRY)
            page = []
        inflow.next.extend(page)
        inflow.reading = None
        self._pump(job, inflow)


def stored(job: Job, storing: "asyncio.Future[list[Outcome]]") -> "asyncio.Future[None]":
    """Return what is done once it is stored what came in. It raises NotStreaming, StorageFailed: it is not."""
    told = asyncio.ensure_future(_stored(job, storing))
    told.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it
    return told


async def _stored(job: Job, storing: "asyncio.Future[list[Outcome]]") -> None:
    (outcome,) = await storing
    if not isinstance(outcome, Done):
        raise NotStreaming("the job takes no further input: it has ended, or is about to", job_id=job.id)


async def came_in(reader: Reader, no: int, inputs: Inputs, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the items that came in for each input of a job that was open, for another job to begin with."""
    items: dict[str, Any] = {name: [] for name, one in inputs.by_name.items() if one.streams and name not in given}
    after = 0
    while page := await reader.inputs(no, after, limit=PAGE):
        for _, name, data in page:
            if data is not None and name in items:
                items[name].append(codec.value_of(data))
        after = page[-1].n
    return items
