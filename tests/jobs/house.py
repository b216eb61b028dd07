"""Everything that jobs stand on: a real database, and runners that the test plays."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from nodetool.graph.catalogue import Catalogue
from nodetool.jobs.job import Job
from nodetool.jobs.policy import Policy
from nodetool.jobs.service import Jobs
from nodetool.jobs.workflows import Workflows
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol import codec, frames
from nodetool.protocol.documents import WorkflowRequest
from nodetool.protocol.events import AnyEvent
from nodetool.runner.link import Link, Listener
from nodetool.storage.sqlite import Store, open_store
from tests.graphs import Json
from tests.jobs.helpers import FakeLink, Ticking, decoded, drained, shared_kind
from tests.jobs.rooms import sealed
from tests.runner.helpers import catalogue


class House:
    """Jobs and workflows over one store, until ``lose`` ends them as a crash would: nothing is told."""

    def __init__(self, store: Store, types: Catalogue, path: Path) -> None:
        self.store = store
        self.clock = Ticking(time.time_ns() // 1000)
        self.links: list[FakeLink] = []
        self.workflows = Workflows(store.writer, store.reader, types, now_us=self.clock.now_us)
        self.secrets = sealed(store, self.clock.now_us)
        self.jobs = Jobs(
            self.workflows,
            store.writer,
            store.reader,
            self.connect,
            secrets=self.secrets,
            workspaces=Workspaces(path / "workspaces"),
            clock=self.clock,
            policy=Policy(),
        )

    def connect(self, listener: Listener) -> Link:
        link = FakeLink(listener, len(self.links) + 1)
        self.links.append(link)
        return link

    async def save(self, id: str, made: Json, user: str = "1") -> None:
        request = WorkflowRequest(name=id, graph=msgspec.Raw(msgspec.json.encode(made)))
        await self.workflows.replace(user, id, request, None)

    async def start(self, made: Json | None = None, **params: Any) -> Job:
        job = await self.jobs.start_graph("1", msgspec.json.encode(made or shared_kind()), params)
        await job.accepted()
        return job

    def started(self, id: str) -> tuple[FakeLink, frames.Start]:
        """Return the runner that has the newest start of a job, and that start."""
        found = [(link, start) for link in self.links for start in link.of(frames.Start) if start.job_id == id]
        return max(found, key=lambda one: one[1].attempt)

    async def events(self, id: str, after: int = 0) -> list[AnyEvent]:
        """Return the events of a job up to its end, and check their numbers."""
        cursor = await self.jobs.events("1", id, after)
        got = decoded(await drained(cursor))
        cursor.close()
        assert [event.seq for event in got] == list(range(after + 1, after + 1 + len(got)))
        return got


@asynccontextmanager
async def opened(path: Path, types: Catalogue | None = None, *, store: Store | None = None) -> AsyncIterator[House]:
    """A server's life over the database in *path*, opened already perhaps: it ends as a crash would."""
    store = store or open_store(path, sync="normal")
    house = House(store, types or catalogue(), path)
    await house.jobs.open()
    for link in list(house.links):
        link.hello()
    try:
        yield house
    finally:
        house.jobs._watchdog.close()
        await house.jobs._retention.close()
        await store.close()


def complete(house: House, id: str, **result: Any) -> None:
    """Let the run of a job complete."""
    link, start = house.started(id)
    link.say(frames.End(start.job_no, start.attempt, "completed", codec.to_msgpack(result)))
