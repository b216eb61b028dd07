"""Jobs and workflows over a real database, with a runner in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from nodetool.jobs.clock import LoopClock
from nodetool.jobs.job import Job
from nodetool.jobs.policy import Policy
from nodetool.jobs.retention import Keep
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.service import Jobs
from nodetool.jobs.workflows import Workflows
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol import codec, frames
from nodetool.protocol.bounds import Bounds
from nodetool.protocol.documents import WorkflowRequest
from nodetool.protocol.events import AnyEvent
from nodetool.runner.local import LocalLink
from nodetool.storage.port import Once
from nodetool.storage.seal import Seal
from nodetool.storage.sqlite import Store, open_store
from tests.graphs import Json, through
from tests.runner.helpers import catalogue

ECHO = through("nodetool.text.Concat", "a", b="!")
SLEEP = through("bench.nodes.Sleep", seconds=30.0)
EMIT = through("bench.nodes.Emit", count=100)

ROUTE = "POST /api/workflows/echo/run"


def once(key: str, body: bytes = b"body", route: str = ROUTE) -> Once:
    return Once(key=key, route=route, body=body)


KEY = "a key for tests, and for nothing else"


def sealed(store: Store, now_us: Callable[[], int], key: str = KEY) -> Secrets:
    """The secrets of a database, sealed with a key that a test knows."""
    return Secrets(store.writer, store.reader, Seal(lambda: [key]), now_us=now_us)


class Ahead(LoopClock):
    """Goes before the machine's clock by so much."""

    ahead_us = 0

    def now_us(self) -> int:
        return super().now_us() + self.ahead_us


class Rooms:
    """What a server has behind its routes."""

    def __init__(self, home: Path, store: Store, keep: Keep) -> None:
        self.store = store
        self.clock = Ahead()
        types = catalogue()
        limits = frames.RunLimits(max_result=1 << 20)
        bounds = Bounds(workspaces=str(home / "workspaces"))
        connect = partial(LocalLink, catalogue=types.hash, limits=limits, bounds=bounds)
        self.workflows = Workflows(store.writer, store.reader, types, now_us=self.clock.now_us)
        self.secrets = sealed(store, self.clock.now_us)
        self.jobs = Jobs(
            self.workflows,
            store.writer,
            store.reader,
            connect,
            secrets=self.secrets,
            workspaces=Workspaces(home / "workspaces"),
            clock=self.clock,
            policy=Policy(),
            keep=keep,
        )

    async def save(self, id: str, graph: Json, user: str = "1") -> None:
        request = WorkflowRequest(name=id, graph=msgspec.Raw(msgspec.json.encode(graph)))
        await self.workflows.replace(user, id, request, None)

    async def run(self, workflow: str = "echo", text: str = "hi", **asked: Any) -> Job:
        """Run a stored workflow to its end."""
        job = await self.jobs.start("1", workflow, {"text": text}, **asked)
        await job.wait()
        return job

    async def all_jobs(self, user: str = "1") -> list[str]:
        page = await self.jobs.jobs(user, limit=1000, cursor="", workflow_id=None, status=None)
        return [row.id for row in page.rows]

    async def result(self, job: Job) -> Any:
        return codec.value_of((await job.wait()).result)


async def heard(job: Job) -> list[AnyEvent]:
    """All events of a job, up to its end."""
    cursor = job.events()
    events: list[AnyEvent] = []
    while (batch := await cursor.next(10)) is not None:
        events += codec.events_of(batch.count, batch.data)
    cursor.close()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return events


@asynccontextmanager
async def opened(
    home: Path, keep: Keep | None = None, *, sync: Literal["full", "normal"] = "normal", settled: bool = True
) -> AsyncIterator[Rooms]:
    """A server's life over the database in *home*; when *settled*, once the first pass over old jobs is through."""
    store = open_store(home, sync=sync)
    rooms = Rooms(home, store, keep or Keep())
    await rooms.jobs.open()
    try:
        if settled:
            await asyncio.sleep(0)  # that pass begins, and the next waits for it
            await rooms.jobs.prune()
        yield rooms
    finally:
        await rooms.jobs.stop()
        await store.close()
