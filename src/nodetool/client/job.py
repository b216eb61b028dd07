"""A job: what became of it, its events from any number on, its result and its cancel."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from nodetool.client.api import NDJSON, SILENCE, Api, Lines, path
from nodetool.client.bookmark import Bookmark
from nodetool.client.errors import BadAnswer, Refused, Unreachable, unsuccessful
from nodetool.client.http import Incoming, Request
from nodetool.protocol.events import ENDED, AnyEvent, JobUpdate

BUSY = frozenset({429, 502, 503, 504})
"""What a server, or what stands before it, answers while it cannot: ask again."""


class Job:
    """A job on a server, whoever started it.

    Reading goes on over a new connection where the old one was lost, for as long as the server comes back within
    *patience* seconds.
    """

    def __init__(self, api: Api, id: str, *, patience: float) -> None:
        self.id = id
        self._api = api
        self._patience = patience

    def __repr__(self) -> str:
        return f"Job({self.id!r})"

    async def read(self) -> dict[str, Any]:
        """Return the job as the server tells it: ``status``, ``params``, ``result``, times and links."""
        answer = await self._api.ask(Request(method="GET", path=self._path()))
        document: dict[str, Any] = answer.value
        return document

    async def profile(self) -> dict[str, Any]:
        """Return where the time of the job went, node by node, those that worked longest first."""
        answer = await self._api.ask(Request(method="GET", path=self._path("profile")))
        document: dict[str, Any] = answer.value
        return document

    async def cancel(self) -> dict[str, Any]:
        """Ask for the end of the run. The job comes back as it is then: one that has ended stays as it was."""
        answer = await self._api.ask(Request(method="POST", path=self._path("cancel")))
        document: dict[str, Any] = answer.value
        return document

    async def retry(self) -> "Job":
        """Start a new job that runs what this one has run, and return it. Only a job that has ended can be retried."""
        answer = await self._api.ask(Request(method="POST", path=self._path("retry")))
        return Job(self._api, answer.part("job_id"), patience=self._patience)

    async def result(self) -> dict[str, Any]:
        """Wait for the end, and return the outputs by their names.

        Raises:
            JobFailed, JobCancelled: there are none.
        """
        job = await self.read()
        after = job["last_seq"] - (1 if job["status"] in ENDED else 0)
        async with aclosing(self.events(after)) as events:
            async for event in events:
                if isinstance(event, JobUpdate) and event.status in ENDED:
                    return outputs_of(event)
        raise BadAnswer(f"the events of job {self.id} ended without an end")

    def events(self, after: int = 0) -> AsyncGenerator[AnyEvent, None]:
        """Yield the events behind the one numbered *after*, up to the last one."""
        return self.go_on(Bookmark(self.id, after))

    async def go_on(self, bookmark: Bookmark) -> AsyncGenerator[AnyEvent, None]:
        """Yield what comes behind a bookmark, to the end."""
        patience = Patience(self._patience)
        while not bookmark.ended:
            seq = bookmark.seq
            try:
                async with self._api.stream(self._from(bookmark)) as incoming:
                    async for event in events_in(incoming, bookmark):
                        yield event
                if await self._is_read(bookmark):
                    return
                error: Unreachable | Refused = Unreachable("the stream ended before the job did")
            except Unreachable as lost:
                error = lost
            except Refused as refusal:
                if refusal.status not in BUSY:
                    raise
                error = refusal
            if not bookmark.ended:  # else the line was cut behind the last event
                await patience.wait(error, moved=bookmark.seq > seq)

    async def _is_read(self, bookmark: Bookmark) -> bool:
        """Tell whether nothing stands behind a bookmark, nor ever will."""
        if bookmark.ended:
            return True
        job = await self.read()
        return job["status"] in ENDED and job["last_seq"] == bookmark.seq

    def _from(self, bookmark: Bookmark) -> Request:
        return Request(
            method="GET", path=self._path("events"), query={"after": bookmark.seq}, headers={"Accept": NDJSON}
        )

    def _path(self, *parts: str) -> str:
        return path("jobs", self.id, *parts)


async def events_in(incoming: Incoming, bookmark: Bookmark) -> AsyncIterator[AnyEvent]:
    """Yield the events of a stream, up to its end or that of the job."""
    lines = Lines()
    async for chunk in incoming.chunks(SILENCE):
        for line in lines.feed(chunk):
            if (event := bookmark.take(text_of(line))) is not None:
                yield event


def text_of(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise BadAnswer(f"a line of the stream is not UTF-8: {line[:200]!r}") from error


def outputs_of(end: JobUpdate) -> dict[str, Any]:
    """Return the outputs that a terminal event has. Raises JobFailed, JobCancelled."""
    if end.status != "completed":
        raise unsuccessful(end)
    result: dict[str, Any] = end.result or {}
    return result


class Patience:
    """How long to try again: *seconds* since something was last heard."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self._pause = 0.0

    async def wait(self, error: Exception, *, moved: bool) -> None:
        """Wait before the next try, longer each time. Raises *error* when it is over; *moved* begins anew."""
        now = time.monotonic()
        if moved or self._until is None:
            self._until, self._pause = now + self._seconds, 0.0
        if now >= self._until:
            raise error
        await asyncio.sleep(self._pause)
        self._pause = min(max(0.05, self._pause * 2), 2.0)
