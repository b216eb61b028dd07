"""The ways by which a run can be started, and its events be read."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from nodetool.client import BadAnswer, Refused
from nodetool.client.api import JOB_ID, NDJSON, SILENCE, Lines, params_body, path
from nodetool.client.http import Incoming, Request
from nodetool.conformance.framing import ServerSent
from nodetool.conformance.laws import Event, Wrong, canonical, shown
from nodetool.conformance.server import Server

Params = dict[str, Any]


@dataclass(slots=True)
class Reading:
    """The events of one job as they come over one connection, up to where the transport says that they end."""

    job_id: str
    events: AsyncGenerator[Event, None]


Opening = AbstractAsyncContextManager[Reading]
"""A connection for the length of a block. Leaving it early cuts the connection."""


class Transport(Protocol):
    """One way to a server."""

    @property
    def name(self) -> str: ...

    @property
    def joins(self) -> bool:
        """Whether it can read a job that somebody else started."""
        ...

    def start(self, workflow_id: str, params: Params) -> Opening:
        """Run a workflow, and read its events from the first on."""
        ...

    def join(self, job_id: str, after: int) -> Opening:
        """Read the events behind *after*."""
        ...

    async def cancel(self, job_id: str) -> None: ...


async def read(opening: Opening, take: int | None = None) -> tuple[str, list[Event]]:
    """Read a job to its end, or cut the connection behind *take* events; gives its id too."""
    events: list[Event] = []
    async with opening as reading, aclosing(reading.events):
        async for event in reading.events:
            events.append(event)
            if len(events) == take:
                break
    return reading.job_id, events


class Http:
    """What the transports over HTTP share."""

    name = ""
    joins = True

    def __init__(self, server: Server) -> None:
        self._server = server

    async def cancel(self, job_id: str) -> None:
        await self._server.cancel(job_id)


class Sync(Http):
    """The call that waits. It shows no events, so those come by pages, once it has answered."""

    name = "sync"
    joins = False

    @asynccontextmanager
    async def start(self, workflow_id: str, params: Params) -> AsyncIterator[Reading]:
        request = Request(method="POST", path=path("workflows", workflow_id, "run"), body=params_body(params))
        try:
            answer = await self._server.api.ask(request, patient=True)
        except Refused as refusal:
            if not refusal.job_id:
                raise
            yield Reading(refusal.job_id, self._failed(refusal.job_id, refusal))
            return
        job_id = answer.headers.get(JOB_ID)
        if not job_id:
            raise Wrong("the answer of a run has no Nodetool-Job-Id")
        yield Reading(job_id, self._succeeded(job_id, answer.value))

    def join(self, job_id: str, after: int) -> Opening:
        raise AssertionError(f"nobody joins {job_id} after {after} by waiting for a run")

    async def _succeeded(self, job_id: str, outputs: Any) -> AsyncGenerator[Event, None]:
        end: Event = {}
        async for event in self._server.pages(job_id):
            end = event
            yield event
        if canonical(outputs) != canonical(end.get("result")):
            raise Wrong(f"the answer is {shown(outputs)}, but the last event has {shown(end.get('result'))}")

    async def _failed(self, job_id: str, refusal: Refused) -> AsyncGenerator[Event, None]:
        end: Event = {}
        async for event in self._server.pages(job_id):
            end = event
            yield event
        cancelled = end.get("status") == "cancelled"
        expected = (409, "job_cancelled") if cancelled else (500, end.get("code"))
        if (refusal.status, refusal.code) != expected:
            raise Wrong(f"the answer is {refusal.status} {refusal.code}, where {expected} is due")
        if not cancelled and refusal.detail != end.get("error"):
            raise Wrong(f"the answer says {refusal.detail!r}, and the last event {end.get('error')!r}")


class Ndjson(Http):
    """Lines of JSON, from the run itself or from the log."""

    name = "ndjson"

    @asynccontextmanager
    async def start(self, workflow_id: str, params: Params) -> AsyncIterator[Reading]:
        request = Request(
            method="POST",
            path=path("workflows", workflow_id, "run"),
            query={"stream": "true"},
            body=params_body(params),
        )
        async with self._server.api.stream(request) as incoming:
            yield Reading(job_of(incoming), self._events(incoming))

    @asynccontextmanager
    async def join(self, job_id: str, after: int) -> AsyncIterator[Reading]:
        request = Request(
            method="GET", path=path("jobs", job_id, "events"), query={"after": after}, headers={"Accept": NDJSON}
        )
        async with self._server.api.stream(request) as incoming:
            yield Reading(job_id, self._events(incoming))

    async def _events(self, incoming: Incoming) -> AsyncGenerator[Event, None]:
        check_type(incoming, NDJSON)
        lines = Lines()
        async for chunk in incoming.chunks(SILENCE):
            for line in lines.feed(chunk):
                if not line.isascii():
                    raise Wrong(f"a line is not ASCII: {line[:100]!r}")
                yield event_in(line)
        if lines.rest:
            raise Wrong(f"the stream ends inside of a line: {lines.rest[:100]!r}")


class Sse(Http):
    """Server-sent events, from the run itself or from the log."""

    name = "sse"

    @asynccontextmanager
    async def start(self, workflow_id: str, params: Params) -> AsyncIterator[Reading]:
        request = Request(method="POST", path=path("workflows", workflow_id, "run", "stream"), body=params_body(params))
        async with self._server.api.stream(request) as incoming:
            yield Reading(job_of(incoming), self._events(incoming))

    @asynccontextmanager
    async def join(self, job_id: str, after: int) -> AsyncIterator[Reading]:
        seen = {"Last-Event-ID": str(after)} if after else {}
        request = Request(
            method="GET", path=path("jobs", job_id, "events"), headers={"Accept": "text/event-stream", **seen}
        )
        async with self._server.api.stream(request) as incoming:
            yield Reading(job_id, self._events(incoming))

    async def _events(self, incoming: Incoming) -> AsyncGenerator[Event, None]:
        if incoming.status == 204:  # nothing more, and never again
            return
        check_type(incoming, "text/event-stream")
        frames = ServerSent()
        async for chunk in incoming.chunks(SILENCE):
            for number, data in frames.feed(chunk):
                event = event_in(data.encode())
                if str(event.get("seq")) != number:
                    raise Wrong(f"the frame with id {number} holds event {event.get('seq')}")
                yield event
        frames.close()


class Poll(Http):
    """A job that is started and left alone, and pages of its events."""

    name = "poll"

    @asynccontextmanager
    async def start(self, workflow_id: str, params: Params) -> AsyncIterator[Reading]:
        request = Request(method="POST", path=path("workflows", workflow_id, "jobs"), body=params_body(params))
        answer = await self._server.api.ask(request)
        job_id = answer.headers.get(JOB_ID, "")
        if answer.status != 202 or answer.value.get("job_id") != job_id or "location" not in answer.headers:
            raise Wrong(f"starting a job was answered by {answer.status} {shown(answer.value)}")
        yield Reading(job_id, self._server.pages(job_id))

    @asynccontextmanager
    async def join(self, job_id: str, after: int) -> AsyncIterator[Reading]:
        await self._server.page(job_id, after)  # what is refused is refused before anything is read
        yield Reading(job_id, self._server.pages(job_id, after))


def check_type(incoming: Incoming, expected: str) -> None:
    given = incoming.headers.get("content-type", "")
    if not given.startswith(expected):
        raise Wrong(f"the stream is of type {given!r}, where {expected} is due")


def job_of(incoming: Incoming) -> str:
    """Return the id in the head of a stream."""
    if not (id := incoming.headers.get(JOB_ID)):
        raise Wrong("the head of the stream has no Nodetool-Job-Id")
    return id


def event_in(data: bytes) -> Event:
    try:
        event = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise BadAnswer(f"this is no JSON: {data[:100]!r}") from error
    if not isinstance(event, dict):
        raise BadAnswer(f"this is no event: {data[:100]!r}")
    return event
