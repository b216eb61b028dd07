"""Jobs over a real database, in runners that the test plays."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nodetool.graph.version import Version
from nodetool.jobs.clock import LoopClock
from nodetool.jobs.cursor import Batch, Cursor
from nodetool.jobs.job import Job
from nodetool.jobs.log import Log
from nodetool.jobs.policy import Policy
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.supervisor import Supervisor
from nodetool.jobs.tally import Tally
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol import codec, frames
from nodetool.protocol.events import AnyEvent, LogUpdate
from nodetool.protocol.ids import new_id
from nodetool.runner.link import Link, Listener
from nodetool.runner.pulse import Place
from nodetool.storage.port import Accept, JobRow
from nodetool.storage.seal import Seal
from nodetool.storage.sqlite import Store
from tests.graphs import Json, through
from tests.runner.helpers import eventually, version

NOW_US = 1_700_000_000_000_000


def shared_kind() -> Json:
    """A graph whose runs share a runner."""
    return through("bench.nodes.Sleep")


def alone_kind() -> Json:
    """A graph whose runs have a runner each."""
    return through("bench.nodes.BlockingSleep")


class FakeLink:
    """A runner, as the test plays it."""

    def __init__(self, listener: Listener, pid: int) -> None:
        self.pid = pid
        self.listener = listener
        self.sent: list[frames.ToRunner] = []
        self.kills = 0
        self.is_dead = False
        self.beat = 0
        self.at: Place | None = None
        self.size = 0

    def send(self, frame: frames.ToRunner) -> None:
        self.sent.append(frame)

    def kill(self) -> None:
        self.kills += 1

    def has_ended(self) -> bool:
        return self.is_dead

    def last_beat(self) -> int:
        return self.beat

    def place(self) -> Place | None:
        return self.at

    def memory(self) -> int:
        return self.size

    # What the test makes it do.

    def say(self, *got: frames.ToServer) -> None:
        """Let one read bring these frames."""
        self.listener.on_frames(self, list(got))

    def hello(self) -> None:
        self.say(frames.Hello(frames.VERSION, "", self.pid))

    def lose(self) -> None:
        self.listener.on_lost(self)

    def of(self, kind: type[Any]) -> list[Any]:
        return [frame for frame in self.sent if isinstance(frame, kind)]

    def starts(self, job: Job) -> list[frames.Start]:
        return [start for start in self.of(frames.Start) if start.job_no == job.no]


def events_frame(job: Job, *seqs: int, attempt: int = 1, content: str = "") -> frames.Events:
    """Log lines with these numbers, as a runner tells them."""
    data = b"".join(codec.to_msgpack(log_event(job, seq, content)) for seq in seqs)
    return frames.Events(job.no, attempt, seqs[0], len(seqs), 0, data)


def log_event(job: Job, seq: int, content: str = "") -> LogUpdate:
    return LogUpdate(
        job_id=job.id,
        workflow_id=job.workflow_id,
        seq=seq,
        time=0,
        node_id="n",
        node_name="N",
        content=content or str(seq),
        severity="info",
    )


def completed(job: Job, *, attempt: int = 1, **result: Any) -> frames.End:
    return frames.End(job.no, attempt, "completed", codec.to_msgpack(result))


class Ticking(LoopClock):
    """Goes on by a millisecond whenever it is asked."""

    def __init__(self, us: int) -> None:
        self.us = us

    def now_us(self) -> int:
        self.us += 1000
        return self.us


class Desk:
    """A supervisor over a store; its runners are fakes, newest last."""

    def __init__(self, store: Store, **limits: Any) -> None:
        self.store = store
        self.links: list[FakeLink] = []
        self.ended: list[Job] = []
        self.clock = Ticking(NOW_US)
        self.supervisor = Supervisor(
            lambda supervisor: Log(store.writer, supervisor, self.ended.append, self.clock),
            self.connect,
            secrets=Secrets(store.writer, store.reader, Seal(list), now_us=self.clock.now_us),
            workspaces=Workspaces(Path("nowhere")),
            clock=self.clock,
            policy=Policy(cores=os.cpu_count() or 1, **{"grace": 0.02, "patience": 0.02, "bystanders": 0.02} | limits),
            tally=Tally(),
        )

    def connect(self, listener: Listener) -> Link:
        link = FakeLink(listener, len(self.links) + 1)
        self.links.append(link)
        return link

    def open(self) -> FakeLink:
        """Start the shared runner, which says hello."""
        self.supervisor.open()
        self.links[0].hello()
        return self.links[0]

    def accept(self, graph: Json | None = None, *, merges: bool = False, **params: Any) -> Job:
        """Accept a job. Without a graph it is one that shares its runner."""
        job = self.job(version(graph or shared_kind()), **params)
        job.accept = self.supervisor.accept(job, accept_op, merges=merges)
        return job

    def job(self, made: Version, **params: Any) -> Job:
        return Job(
            no=self.supervisor.log.next_no(),
            id=new_id(self.clock.now_us()),
            user="1",
            workflow_id="w",
            version=made,
            values=params,
            created_us=self.clock.us,
            reader=self.store.reader,
        )

    async def cancel(self, job: Job) -> None:
        self.supervisor.cancel(job)
        await job.cancelled()

    async def row(self, job: Job) -> JobRow:
        row = await self.store.reader.job(job.id)
        assert row
        return row

    async def events(self, job: Job) -> list[AnyEvent]:
        """Return all events of a job that has ended, as a reader from the start gets them, and check their numbers."""
        cursor = job.events()
        got = decoded(await drained(cursor))
        cursor.close()
        assert [event.seq for event in got] == list(range(1, len(got) + 1))
        return got

    def runner_of(self, job: Job) -> FakeLink:
        """Return the runner that was last sent a start of *job*."""
        (link,) = [link for link in self.links if any(start.attempt == job.attempt for start in link.starts(job))]
        return link


def accept_op(job: Job) -> Accept:
    return Accept(
        no=job.no,
        id=job.id,
        user=job.user,
        workflow_id=job.workflow_id,
        graph_hash=job.version.graph_hash,
        graph=b"{}",
        params=codec.to_msgpack(job.values),
        status=job.status,
        attempt=1,
        created_us=job.created_us,
        started_us=None,
    )


async def drained(cursor: Cursor) -> list[Batch]:
    """Return every batch up to the end of the job."""
    got = []
    while (batch := await cursor.next()) is not None:
        got.append(batch)
    return got


def decoded(batches: list[Batch]) -> list[AnyEvent]:
    return [event for batch in batches for event in codec.events_of(batch.count, batch.data)]


def kinds(events: list[AnyEvent]) -> list[str]:
    """Return the status of each job_update, and the type of every other event."""
    return [getattr(event, "status", type(event).__name__) for event in events]


async def at(condition: Callable[[], Any], seconds: float = 2) -> None:
    async with asyncio.timeout(seconds):
        await eventually(condition)
