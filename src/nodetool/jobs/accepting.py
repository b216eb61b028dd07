"""How a job comes to be: most start before they are stored, those that the database may refuse once they are.

It may refuse a job whose request names an id, or carries a key by which it came before.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from nodetool.graph.params import coerce
from nodetool.graph.version import Version
from nodetool.jobs.job import Job
from nodetool.jobs.live import Live
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.supervisor import Supervisor
from nodetool.protocol.errors import (
    Conflict,
    HasFindings,
    IdempotencyMismatch,
    NodetoolError,
    NotFound,
    ShuttingDown,
)
from nodetool.protocol.ids import new_id
from nodetool.storage.port import KEPT_US, Accept, Once, Outcome, Reader, Refused

PINNED = 65_536
"""Graphs that are known to be stored, and so are not sent to the writer again."""


class Ask(msgspec.Struct, frozen=True, gc=False):
    """What a new job is to run, and what its request says of the job."""

    user: str
    workflow_id: str
    version: Version
    params: dict[str, Any]
    id: str | None = None
    once: Once | None = None


class Repeated(NotFound):
    """Another request with this key came first, so this job was never there."""

    def __init__(self, id: str, found: Refused) -> None:
        super().__init__("job", id)
        self.found = found


class Acceptance:
    """Makes jobs, and puts them among the *live* ones. *known* returns any job of a user, live or not."""

    def __init__(
        self,
        supervisor: Supervisor,
        reader: Reader,
        live: Live,
        known: Callable[[str, str], Awaitable[Job]],
        *,
        secrets: Secrets,
        now_us: Callable[[], int],
    ) -> None:
        self.is_open = True
        self._secrets = secrets
        self.pinned: set[str] = set()
        self._supervisor = supervisor
        self._reader = reader
        self._live = live
        self._known = known
        self._now_us = now_us

    def accept(self, ask: Ask, *, merges: bool = False) -> Job:
        """Accept a job that starts at once: nothing can refuse it.

        With *merges* it may be stored a moment later, with the first that its run tells: for a caller that shows
        nothing of the job before that.

        Raises:
            HasFindings, InvalidParams, QueueFull, TooManyJobs, ShuttingDown: no job exists then.
        """
        job = self._new(ask)
        job.accept = self._supervisor.accept(job, lambda job: self._row(job, ask), merges=merges)
        job.accept.add_done_callback(lambda done: self._accepted(job, done))
        return job

    async def accept_asked(self, ask: Ask) -> Job:
        """Accept a job with an id or a key of the request's own; return the first job if the request came before.

        Raises:
            Conflict: there was a job with this id before. ``Job.accepted`` may raise it too.
            IdempotencyMismatch, Pruned: as ``first`` does.
            HasFindings, InvalidParams, QueueFull, ShuttingDown: as ``accept`` does.
        """
        if ask.id and await self._is_taken(ask.id):
            if ask.once and (first := await self.first(ask.user, ask.once)):
                return first
            raise _taken(ask.id)
        job = self._new(ask)
        storing = self._supervisor.log.record(self._row(job, ask))
        job.accept = asyncio.create_task(self._queue_stored(job, storing))
        job.accept.add_done_callback(lambda done: self._accepted(job, done))
        try:
            if ask.once:
                await job.accepted()
        except Repeated as repeated:
            return await self._first_of(ask.user, repeated.found)
        return job

    async def first(self, user: str, once: Once) -> Job | None:
        """Return the job of the first such request, if there was one.

        Raises:
            IdempotencyMismatch: the first request with this key was another.
            Pruned: its job was deleted meanwhile.
        """
        found = await self._reader.repeated(user, once, since_us=self._now_us() - KEPT_US)
        return await self._first_of(user, found) if found else None

    async def _first_of(self, user: str, found: Refused) -> Job:
        """Return the job because of which a request is refused."""
        if found.reason == "reused":
            raise IdempotencyMismatch
        return await self._known(user, found.job_id)

    async def _is_taken(self, id: str) -> bool:
        """Say whether there is or was a job with this id. If not, that holds until the next await."""
        while True:
            known = await self._reader.job(id) or await self._reader.pruned(id)
            live = self._live.get(id)
            if live is None:
                return known is not None
            try:
                await live.accepted()
            except NodetoolError:
                await asyncio.sleep(0)  # in this turn of the loop it is forgotten
            else:
                return True

    async def _queue_stored(self, job: Job, storing: "asyncio.Future[list[Outcome]]") -> None:
        (outcome,) = await storing
        if isinstance(outcome, Refused):
            raise Repeated(job.id, outcome) if outcome.job_id else _taken(job.id)
        self._supervisor.take_up(job)

    def forget_graphs(self) -> None:
        """Have every job bring its graph along; those that do not are stored now."""
        self.pinned.clear()
        self._supervisor.log.release()

    def _new(self, ask: Ask) -> Job:
        if not self.is_open:
            raise ShuttingDown
        self._supervisor.dispatcher.check_room()
        self._live.check_room(ask.user)
        check_findings(ask.version)
        values = coerce(ask.params, ask.version.inputs)
        now_us = self._now_us()
        job = Job(
            no=self._supervisor.log.next_no(),
            id=ask.id or new_id(now_us),
            user=ask.user,
            workflow_id=ask.workflow_id,
            version=ask.version,
            values=values,
            created_us=now_us,
            reader=self._reader,
        )
        self._live[job.id] = job
        return job

    def _row(self, job: Job, ask: Ask) -> Accept:
        pinned = job.version.graph_hash in self.pinned
        return Accept(
            no=job.no,
            id=job.id,
            user=job.user,
            workflow_id=job.workflow_id,
            graph_hash=job.version.graph_hash,
            graph=None if pinned else job.version.pinned,
            params=self._secrets.packed(job.id, ask.params, job.version.inputs.secret),
            status=job.status,
            attempt=job.attempt,
            created_us=job.created_us,
            started_us=job.created_us if job.status == "running" else None,
            once=ask.once,
        )

    def _accepted(self, job: Job, done: "asyncio.Future[Any]") -> None:
        error = done.exception()
        if error is None:
            if len(self.pinned) >= PINNED:
                self.pinned.clear()
            self.pinned.add(job.version.graph_hash)
        elif isinstance(error, NodetoolError):
            self._live.pop(job.id, None)
            self._supervisor.abandon(job)
            job.fail_waiters(error)
        else:
            raise error


def check_findings(version: Version) -> None:
    """Raise HasFindings if a version cannot run."""
    if version.findings:
        faults = [finding.as_fault() for finding in version.findings]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise HasFindings(f"{faults[0].message}{more}", errors=faults)


def _taken(id: str) -> Conflict:
    return Conflict(f"another job has the id {id}")
