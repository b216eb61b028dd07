"""HTTP for jobs: what became of them, their events, their cancel and their retry."""

from collections.abc import Iterable
from typing import get_args

import msgspec

from nodetool.protocol.answers import EventPage, JobDocument
from nodetool.protocol.events import ENDED, Status
from nodetool.server import streams
from nodetool.server.documents import accepted, job_document, job_list, job_url
from nodetool.server.options import MIB, Options
from nodetool.server.ports import Batch, Cursor, Jobs
from nodetool.server.requests import Query, Request, header, id_of, misfit, number, user_of
from nodetool.server.responses import Answer, Empty, Header, document, of_job
from nodetool.server.types import ASGIApp
from nodetool.server.visitors import Visitors
from nodetool.storage.port import JobRow

PAGE_BYTES = 16 * MIB
"""A page of events stops behind the one that reaches this."""

MAX_SEQ = 2**53
MAX_WAIT = 60.0
STATUSES = get_args(Status)


class JobRoutes:
    """The routes under ``/jobs``."""

    def __init__(self, jobs: Jobs, visitors: Visitors, options: Options) -> None:
        self._jobs = jobs
        self._visitors = visitors
        self._options = options

    async def page(self, request: Request) -> ASGIApp:
        """List jobs, newest first."""
        query = Query(request)
        page = await self._jobs.jobs(
            user_of(request),
            limit=query.whole("limit", 100, 1, 1000),
            cursor=query.text("cursor") or "",
            workflow_id=query.text("workflow_id"),
            status=status_in(query),
        )
        return document(job_list(page, self._options.prefix))

    async def read(self, request: Request) -> ASGIApp:
        """Tell where a job stands, and its result."""
        row = await self._jobs.job(user_of(request), id_of(request))
        return document(await self._document(row), headers=(of_job(row.id),))

    async def cancel(self, request: Request) -> ASGIApp:
        """Cancel a job; one that has ended stays as it is."""
        user, id = user_of(request), id_of(request)
        before = await self._jobs.job(user, id)
        row = before if before.status in ENDED else await self._jobs.cancel(user, id)
        lost = row.status in ENDED and (row is before or row.status != "cancelled")
        return document(await self._document(row), 200 if lost else 202, (of_job(row.id),))

    async def retry(self, request: Request) -> ASGIApp:
        """Start a new job with the graph and params of one that has ended."""
        job = await self._jobs.retry(user_of(request), id_of(request))
        await job.accepted()
        return still(self._options.prefix, job.id, job.standing)

    async def events(self, request: Request) -> ASGIApp:
        """Show a job's events from any number on: a page, lines, or server-sent events, as ``Accept`` asks."""
        framing = framing_for(request)
        if framing is None:
            return await self._event_page(request)
        after = starting_point(request, framing)
        row = await self._jobs.job(user_of(request), id_of(request))
        if framing is streams.SSE and row.status in ENDED and after == row.last_seq:
            return Empty(204)  # else an EventSource would come back for ever
        cursor = await self._jobs.events(user_of(request), row.id, after)
        return streams.Stream(cursor, framing, row.id, visitors=self._visitors, silence=self._options.silence)

    async def _event_page(self, request: Request) -> ASGIApp:
        query = Query(request)
        after = query.whole("after", 0, 0, MAX_SEQ)
        limit = query.whole("limit", 1000, 1, 1000)
        wait = query.seconds("wait", 0, MAX_WAIT)
        user, id = user_of(request), id_of(request)
        row = await self._jobs.job(user, id)
        cursor = await self._jobs.events(user, id, after)
        collected = Collected(after, limit)
        try:
            if wait and row.last_seq == after and row.status not in ENDED:
                await self._visitors.stay(lambda: collected.wait(cursor, wait))
                row = await self._jobs.job(user, id)
            await collected.read(cursor, row.last_seq)
        finally:
            cursor.close()
        page = EventPage(events=collected.events, next_after=collected.after, status=row.status)
        return document(page, headers=(of_job(row.id),))

    async def profile(self, request: Request) -> ASGIApp:
        """Say where the time of a job went, node by node."""
        found = await self._jobs.profile(user_of(request), id_of(request))
        return document(found, headers=(of_job(found.job_id),))

    async def _document(self, row: JobRow) -> JobDocument:
        ending = await self._jobs.ending(row) if row.status == "completed" else None
        return job_document(row, ending, self._options.prefix)


class Collected:
    """The events of one page."""

    def __init__(self, after: int, limit: int) -> None:
        self.after = after
        self.events: list[msgspec.Raw] = []
        self._limit = limit
        self._bytes = 0

    async def wait(self, cursor: Cursor, seconds: float) -> None:
        """Take what comes next, if something comes in time."""
        try:
            batch = await cursor.next(seconds)
        except TimeoutError:
            return
        if batch is not None:
            self._take(batch)

    async def read(self, cursor: Cursor, last_seq: int) -> None:
        """Take what there is, up to *last_seq*: no read waits for more."""
        while self.after < last_seq and not self._full():
            batch = await cursor.next()
            if batch is None:
                return
            self._take(batch)

    def _take(self, batch: Batch) -> None:
        for event in batch.lines().splitlines():
            if self._full():
                return
            self.events.append(msgspec.Raw(event))
            self._bytes += len(event)
            self.after += 1

    def _full(self) -> bool:
        return len(self.events) >= self._limit or self._bytes >= PAGE_BYTES


def framing_for(request: Request) -> streams.Framing | None:
    """Return the framing that ``Accept`` names, None for a page."""
    accept = (header(request, b"accept") or "").lower()
    if "text/event-stream" in accept:
        return streams.SSE
    return streams.NDJSON if "application/x-ndjson" in accept else None


def starting_point(request: Request, framing: streams.Framing) -> int:
    """Return the number of the last event the reader has: what its browser remembers goes before the query."""
    seen = header(request, b"last-event-id") if framing is streams.SSE else None
    if not seen:
        return Query(request).whole("after", 0, 0, MAX_SEQ)
    value = number(seen, whole=True)
    if value is None:
        raise misfit("Last-Event-ID", f"expected the number of an event, got {seen[:40]!r}")
    return int(value)


def status_in(query: Query) -> str | None:
    status = query.text("status")
    if status is not None and status not in STATUSES:
        raise misfit("status", f"expected one of {', '.join(STATUSES)}, got {status[:40]!r}")
    return status


def still(prefix: str, id: str, status: Status, headers: Iterable[Header] = ()) -> Answer:
    """Answer for a job that goes on while nobody waits."""
    location = (b"location", job_url(prefix, id).encode())
    return document(accepted(prefix, id, status), 202, (location, of_job(id), *headers))
