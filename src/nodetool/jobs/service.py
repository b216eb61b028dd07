"""Jobs, as the server asks for them: start, follow, look up, cancel, retry. Every run, of any surface, starts here."""

import asyncio
from collections.abc import Awaitable
from typing import Any, NamedTuple

import structlog

from nodetool.graph.params import coerce
from nodetool.graph.version import Version
from nodetool.jobs import closing, feeding
from nodetool.jobs.accepting import Acceptance, Ask, check_findings
from nodetool.jobs.clock import Clock
from nodetool.jobs.cursor import Cursor, Stored
from nodetool.jobs.ending import CANCELLED, Ending, ending_of_event, queued_event
from nodetool.jobs.job import Job
from nodetool.jobs.live import Live
from nodetool.jobs.log import Log
from nodetool.jobs.policy import Policy
from nodetool.jobs.profile import Profile
from nodetool.jobs.retention import Keep, Retention
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.supervisor import Supervisor
from nodetool.jobs.tally import Tally
from nodetool.jobs.watchdog import Watchdog
from nodetool.jobs.workflows import Workflows
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol.answers import JobProfile
from nodetool.protocol.errors import Conflict, CursorAhead, NodetoolError, NotFound, NotStreaming, Pruned, ShuttingDown
from nodetool.protocol.events import ENDED
from nodetool.protocol.ids import normal_id
from nodetool.runner.link import Connect
from nodetool.storage.port import JobRow, Once, Page, Reader, Writer

NO_GRAPH = b'{"nodes":[],"edges":[]}'

_log = structlog.get_logger()


class Standing(NamedTuple):
    """The jobs that have not ended, and what runs them."""

    queued: int
    oldest: float
    """Seconds that the oldest queued job has waited."""
    running: int
    readers: int
    """Cursors that follow a live job."""
    events: int
    """Events that were stored, since the server started."""
    runners: dict[str, int]
    """Runner processes, by what they are there for."""
    memory: int
    """Bytes that these have in memory."""


class Jobs:
    """The jobs of all users. Another user's do not exist for a caller."""

    def __init__(
        self,
        workflows: Workflows,
        writer: Writer,
        reader: Reader,
        connect: Connect,
        *,
        secrets: Secrets,
        workspaces: Workspaces,
        clock: Clock,
        policy: Policy,
        keep: Keep | None = None,
        supervisor: type[Supervisor] = Supervisor,
    ) -> None:
        self.tally = Tally()
        self._workflows = workflows
        self._reader = reader
        self._secrets = secrets
        self._workspaces = workspaces
        self._now_us = clock.now_us
        self._live = Live(policy.max_user_jobs)
        self._rests = False
        self._supervisor = supervisor(
            lambda keeper: Log(writer, keeper, self._ended, clock),
            connect,
            secrets=secrets,
            workspaces=workspaces,
            clock=clock,
            policy=policy,
            tally=self.tally,
        )
        self._watchdog = Watchdog(self._supervisor.dispatcher, policy, clock)
        self._acceptance = Acceptance(
            self._supervisor, reader, self._live, self._handle, secrets=secrets, now_us=clock.now_us
        )
        unpin = self._acceptance.forget_graphs
        self._retention = Retention(writer, reader, keep or Keep(), now_us=clock.now_us, unpin=unpin)

    async def open(self) -> None:
        """Start the runners, and queue again what had not ended."""
        self._workspaces.sweep()
        self._supervisor.open()
        self._watchdog.open()
        await self._recover()
        self._retention.open()

    def rest(self) -> None:
        """Run nothing, where ``open`` would: a new job waits for the next start, and a cancelled one ends at once."""
        self._rests = True
        self._supervisor.dispatcher.is_stopping = True

    @property
    def is_ready(self) -> bool:
        """A runner stands."""
        return self._supervisor.is_ready

    def standing(self) -> Standing:
        """Return how things stand now, for the metrics."""
        queued = self._supervisor.dispatcher.queued
        oldest = min((job.created_us for job in queued), default=None)
        return Standing(
            queued=len(queued),
            oldest=0.0 if oldest is None else (self._now_us() - oldest) / 1e6,
            running=len(self._live) - len(queued),
            readers=sum(job.readers for job in self._live.values()),
            events=self._supervisor.log.stored_events,
            runners=self._supervisor.runners.counts(),
            memory=sum(runner.link.memory() for runner in self._supervisor.runners),
        )

    # Starting.

    async def start(
        self,
        user: str,
        workflow_id: str,
        params: dict[str, Any],
        *,
        id: str | None = None,
        once: Once | None = None,
        merges: bool = False,
    ) -> Job:
        """Accept a job that runs a stored workflow, or return the one that the same request (*once*) started before.

        *merges* says that nobody is shown the job before its first event: then it may be stored together with that.

        Raises:
            NotFound, HasFindings, InvalidParams: no job exists then.
            Conflict: there was a job with this *id* before. ``Job.accepted`` may raise it too.
            IdempotencyMismatch, Pruned: the key of *once* belongs to another request, or to a job that is gone.
            QueueFull, ShuttingDown: the server takes no new runs.
        """
        if once and (first := await self._acceptance.first(user, once)):
            return first
        ready = await self._workflows.ready(user, workflow_id)
        ask = Ask(user, workflow_id, ready.version, params, id, once)
        if id or once:
            return await self._acceptance.accept_asked(ask)
        return self._acceptance.accept(ask, merges=merges)

    async def start_graph(
        self, user: str, graph: bytes, params: dict[str, Any], *, id: str | None = None, once: Once | None = None
    ) -> Job:
        """Accept a job that runs a graph sent along. Raises as ``start`` does, and InvalidGraph."""
        if once and (first := await self._acceptance.first(user, once)):
            return first
        ask = Ask(user, "", await self._workflows.version_of(user, graph), params, id, once)
        return await self._acceptance.accept_asked(ask) if id or once else self._acceptance.accept(ask)

    async def retry(self, user: str, id: str) -> Job:
        """Accept a job that runs what another has run: the graph that it pinned, with its params and what came in.

        Raises:
            NotFound, Pruned: there is no such job.
            Conflict: it has not ended.
            SecretLost: a param of it is sealed with a key that is not here.
            HasFindings, InvalidParams, QueueFull, ShuttingDown: as ``start`` does.
        """
        row = await self.job(user, id)
        if row.status not in ENDED:
            raise Conflict("the job has not ended, so there is nothing to try again", job_id=row.id)
        graph = await self._reader.graph(row.graph_hash) or b""
        version = await self._workflows.pinned(row.graph_hash, graph)
        params = self._secrets.unpacked(row.id, row.params)
        if version.is_fed:
            params |= await feeding.came_in(self._reader, row.no, version.inputs, params)
        return self._acceptance.accept(Ask(user, row.workflow_id, version, params))

    def _ended(self, job: Job) -> None:
        self._live.pop(job.id, None)
        if job.version.is_fed:
            self._supervisor.dispatcher.feeding.drop(job)
        assert job.ending
        now_us = self._now_us()
        self.tally.ended[job.ending.status] += 1
        self.tally.took.add((now_us - job.created_us) / 1e6)
        if job.started_us:
            self.tally.ran.add((now_us - job.started_us) / 1e6)
        self._supervisor.lines.ended(job, job.ending)

    # Looking up.

    async def job(self, user: str, id: str) -> JobRow:
        """Return a job's row. Raises NotFound, Pruned."""
        known = normal_id(id)
        row = await self._reader.job(known) if known else None
        if row is not None and row.user == user:
            return row
        if known and row is None and await self._reader.pruned(known) == user:
            raise Pruned(job_id=known)
        raise NotFound("job", id)

    async def jobs(
        self, user: str, *, limit: int, cursor: str, workflow_id: str | None, status: str | None
    ) -> Page[JobRow]:
        """Return some jobs, newest first. Raises InvalidCursor."""
        return await self._reader.jobs(user, limit=limit, cursor=cursor, workflow_id=workflow_id, status=status)

    async def _handle(self, user: str, id: str) -> Job:
        """Return a job as whoever started it got it, though it may have ended. Raises NotFound, Pruned."""
        live = self._live.get(id)
        if live and live.user == user:
            return live
        row = await self.job(user, id)
        job = self._known(row, await self._workflows.pinned("", NO_GRAPH), {})
        job.ending = await self.ending(row)
        if job.ending is None:
            raise Pruned(job_id=id)
        job.is_ended = True
        return job

    async def ending(self, row: JobRow) -> Ending | None:
        """Return how a job ended, from its last event; None while it is open."""
        if row.status not in ENDED:
            return None
        event = await self._reader.last_event(row.no)
        return ending_of_event(event) if event else None

    async def events(self, user: str, id: str, after: int) -> Cursor:
        """Return a reader of a job's events behind *after*; it follows a job that is live.

        Raises:
            NotFound, Pruned: no such job.
            CursorAhead: the job has no event *after*.
        """
        live = self._live.get(normal_id(id) or "")
        if live and live.user == user:
            await live.accepted()
            if after > live.stored_seq:  # a row is read as soon as it is committed: that may not be told here yet
                _check_reached(await self.job(user, id), after)
            return live.events(after)
        row = await self.job(user, id)
        _check_reached(row, after)
        return Cursor(_stored(row), self._reader, after)

    async def profile(self, user: str, id: str) -> JobProfile:
        """Return where the time of a job's last attempt went, as far as it is stored. Raises NotFound, Pruned."""
        row = await self.job(user, id)
        version = await self._workflows.pinned(row.graph_hash)
        found = Profile(version.plan)
        stored = Cursor(_stored(row), self._reader, 0)
        while (batch := await stored.next()) is not None:
            await asyncio.to_thread(found.take, batch)  # a page of events is many milliseconds of work
        ended, began = row.finished_us, row.started_us
        return JobProfile(
            job_id=row.id,
            status=row.status,
            attempt=found.attempt,
            wall_ms=(ended - began) / 1000 if ended and began else None,
            nodes=found.nodes(),
        )

    # Cancelling.

    async def cancel(self, user: str, id: str) -> JobRow:
        """Record that a job is to end, and have it stopped. Returns its row then, or as it had ended.

        Raises:
            NotFound, Pruned: no such job.
            StorageFailed, StorageFull: the cancel could not be recorded.
        """
        live = self._live.get(normal_id(id) or "")
        if live is None and self._rests:
            live = await self._unfinished(user, id)
        if live and live.user == user:
            await live.accepted()
            self._supervisor.cancel(live)
            await live.cancelled()
        return await self.job(user, id)

    async def _unfinished(self, user: str, id: str) -> Job | None:
        """Return a job that has not ended, and that nothing runs."""
        row = await self.job(user, id)
        if row.status in ENDED:
            return None
        job = self._known(row, await self._workflows.pinned("", NO_GRAPH), {})
        return self._live.setdefault(job.id, job)

    # What comes in while a job runs.

    async def feed(self, user: str, id: str, name: str, value: Any) -> Awaitable[None]:
        """Give a job an item for an input that streams. It is acknowledged once what is returned has been awaited.

        Raises:
            NotFound, Pruned: no such job.
            NotStreaming: it has no such input, or that is not open. Awaiting may raise it too, and StorageFailed.
            InvalidParams: the value does not fit the input.
            InputFull: the run has not taken enough of what came before.
        """
        job = await self._fed(user, id)
        return feeding.stored(job, self._supervisor.dispatcher.feeding.feed(job, name, value))

    async def end_input(self, user: str, id: str, name: str) -> Awaitable[None]:
        """Say that nothing more comes for an input. Raises as ``feed`` does."""
        job = await self._fed(user, id)
        return feeding.stored(job, self._supervisor.dispatcher.feeding.end(job, name))

    async def _fed(self, user: str, id: str) -> Job:
        live = self._live.get(normal_id(id) or "")
        if live and live.user == user:
            await live.accepted()
            return live
        row = await self.job(user, id)
        raise NotStreaming(f"the job takes no further input: it is {row.status}", job_id=row.id)

    # The life of the server.

    async def prune(self) -> int:
        """Delete the jobs whose time is over, as is done every hour; return their number."""
        return await self._retention.prune()

    def renew(self, connect: Connect) -> None:
        """Have other runners for the runs that start from now on."""
        self._supervisor.runners.renew(connect)

    async def finish(self, seconds: float) -> None:
        """Take no new runs and start none that wait; return when none is under way, or after *seconds*."""
        self._acceptance.is_open = False
        await closing.finish(self._supervisor, seconds)

    async def stop(self) -> None:
        """Kill what still runs: it runs again at the next start."""
        self._acceptance.is_open = False
        await self._retention.close()
        self._watchdog.close()
        await closing.stop(self._supervisor)
        await self._workspaces.close()
        for job in self._live.values():
            job.fail_waiters(ShuttingDown(job_id=job.id))

    async def _recover(self) -> None:
        """Queue the next attempt of every job that was running, and take up those that were queued."""
        rows = await self._reader.unfinished()
        if rows:
            _log.info("jobs.recovered", jobs=len(rows))
        for number, row in enumerate(rows):
            await self._take_up(row)
            if number % 100 == 0:
                await asyncio.sleep(0)  # there may be thousands, and others in the loop

    async def _take_up(self, row: JobRow) -> None:
        """The graph that the job pinned is planned again: an upgrade may have changed the types."""
        self._acceptance.pinned.add(row.graph_hash)
        version, values, how = await self._planned_again(row)
        job = self._known(row, version, values)
        self._live[job.id] = job
        if how or row.cancel_requested:
            self._supervisor.fail(job, how or CANCELLED)
        else:
            self._supervisor.resume(job, was_running=row.status == "running")

    async def _planned_again(self, row: JobRow) -> tuple[Version, dict[str, Any], Ending | None]:
        """Return the version and values of a stored job, or the end that it comes to because there are none."""
        try:
            version = await self._workflows.pinned(row.graph_hash)
            check_findings(version)
            return version, coerce(self._secrets.unpacked(row.id, row.params), version.inputs), None
        except NodetoolError as error:
            how = Ending("failed", code=error.code, error=error.detail, errors=error.errors)
            return await self._workflows.pinned("", NO_GRAPH), {}, how

    def _known(self, row: JobRow, version: Version, values: dict[str, Any]) -> Job:
        return Job(
            no=row.no,
            id=row.id,
            user=row.user,
            workflow_id=row.workflow_id,
            version=version,
            values=values,
            created_us=row.created_us,
            reader=self._reader,
            status=row.status,
            attempt=row.attempt,
            sent_seq=row.last_seq,
            stored_seq=row.last_seq,
            stored_attempt=row.attempt,
            counted=row.failures,
            is_cancelling=row.cancel_requested,
            has_kept=True,
        )


def _check_reached(row: JobRow, seq: int) -> None:
    """Raise CursorAhead if a job has no event with this number."""
    if seq > row.last_seq:
        raise CursorAhead(f"the last event is {row.last_seq}", job_id=row.id)


def _stored(row: JobRow) -> Stored:
    return Stored(
        no=row.no,
        stored_seq=row.last_seq,
        event=queued_event(row.id, row.workflow_id, row.created_us),
    )
