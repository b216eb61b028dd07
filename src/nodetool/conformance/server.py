"""The server that is asked, as far as all transports need it."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
from websockets.asyncio.client import ClientConnection

from nodetool.client import BadAnswer, Client
from nodetool.client.api import path
from nodetool.client.http import Request
from nodetool.conformance.laws import Event, Wrong
from nodetool.protocol.events import ENDED, Status

T = TypeVar("T")

PAGE = 100
"""Events that are asked for at once."""

WAIT = 10.0
"""Seconds that a page may wait for an event, at most."""


class Page(msgspec.Struct):
    """A page of events."""

    events: list[Event]
    next_after: int
    status: Status


class Stored(msgspec.Struct):
    """A workflow that was stored."""

    id: str
    findings: list[Any]


class JobDocument(msgspec.Struct):
    """A job as the server tells it."""

    id: str
    workflow_id: str
    status: Status
    last_seq: int
    result: Any
    error: str | None


class JobList(msgspec.Struct):
    """Jobs, newest first."""

    jobs: list[dict[str, Any]]


class Server:
    """A server under test. *seconds* is how long one reading may take."""

    def __init__(self, client: Client, *, seconds: float) -> None:
        self.api = client.api
        self.seconds = seconds
        self.wait = min(WAIT, seconds / 2)
        self._client = client

    async def greet(self) -> None:
        """Raises Unreachable if nobody is there, Refused if we may not ask."""
        await self.api.ask(Request(method="GET", path="/workflows", query={"limit": 1}))

    async def connect(self) -> ClientConnection:
        return await self._client.connect()

    @asynccontextmanager
    async def stored(self, name: str, graph: dict[str, Any], *, findings: bool = False) -> AsyncIterator[str]:
        """Store a workflow for the length of a block; gives its id."""
        id = f"conformance-{uuid4().hex}"  # the worker surface stores under ids of the caller only
        document = await self._client.save({"id": id, "name": f"conformance: {name}", "graph": graph})
        saved = converted(document, Stored)
        try:
            if bool(saved.findings) != findings:
                raise Wrong(f"storing {name!r} gave the findings {saved.findings}")
            yield saved.id
        finally:
            await self._client.delete(saved.id)

    async def job(self, id: str) -> JobDocument:
        return converted(await self._client.job(id).read(), JobDocument)

    async def cancel(self, id: str) -> JobDocument:
        return converted(await self._client.job(id).cancel(), JobDocument)

    async def jobs_of(self, workflow_id: str) -> list[str]:
        """Return the ids of the jobs of a workflow, newest first."""
        request = Request(method="GET", path="/jobs", query={"workflow_id": workflow_id})
        return [str(job.get("id")) for job in converted((await self.api.ask(request)).value, JobList).jobs]

    async def page(self, job_id: str, after: int, *, wait: float = 0) -> Page:
        """Read a page, which says itself where it ends."""
        request = Request(
            method="GET",
            path=path("jobs", job_id, "events"),
            query={"after": after, "limit": PAGE, "wait": wait},
        )
        page = converted((await self.api.ask(request)).value, Page)
        if len(page.events) > PAGE:
            raise Wrong(f"a page of at most {PAGE} events has {len(page.events)}")
        if page.next_after != after + len(page.events):
            raise Wrong(f"a page of {len(page.events)} events after {after} has next_after {page.next_after}")
        return page

    async def pages(self, job_id: str, after: int = 0) -> AsyncGenerator[Event, None]:
        """Yield a job's events by pages, waiting for its end."""
        while True:
            page = await self.page(job_id, after, wait=self.wait)
            for event in page.events:
                yield event
            after = page.next_after
            if not page.events and page.status in ENDED:
                return

    async def log(self, job_id: str) -> list[Event]:
        """Return all events of a job, once it has ended."""
        return [event async for event in self.pages(job_id)]


def converted(value: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"the answer is no {kind.__name__}: {error}") from error
