"""HTTP for runs: decode, start, and answer with the end, with every event on the way, or with where to look."""

import asyncio
from collections.abc import Awaitable
from functools import partial
from hashlib import sha256
from typing import Any

import msgspec

from nodetool.protocol import codec
from nodetool.protocol.commands import RunJobData
from nodetool.protocol.documents import RunRequest
from nodetool.protocol.errors import FAILURES, InvalidRequest, JobCancelled, JobFailed, NodetoolError, ShuttingDown
from nodetool.protocol.ids import normal_id
from nodetool.server import streams
from nodetool.server.jobs import still
from nodetool.server.options import Options
from nodetool.server.ports import Ending, Job, Jobs
from nodetool.server.requests import Request, body_of, id_of, look, misfit, user_of
from nodetool.server.responses import Answer, of_job
from nodetool.server.types import ASGIApp
from nodetool.server.visitors import Visitors
from nodetool.server.wishes import PLAIN, Wishes, wishes_of
from nodetool.storage.port import Once

ENVELOPE = frozenset(RunRequest.__struct_fields__)

_envelope = msgspec.json.Decoder(RunRequest)
_params = msgspec.json.Decoder(dict[str, Any])
_command = msgspec.json.Decoder(RunJobData)


class Run(msgspec.Struct, frozen=True, gc=False):
    """A job, for the request that asked for it."""

    request: Request
    wishes: Wishes
    job: Job
    id: str
    """The job's, as this client writes it."""


class Runs:
    """The routes that start a job. They differ in how they answer."""

    def __init__(self, jobs: Jobs, visitors: Visitors, options: Options) -> None:
        self._jobs = jobs
        self._visitors = visitors
        self._options = options

    async def run(self, request: Request) -> ASGIApp:
        """Run a workflow and answer with its outputs, or line by line with ``?stream=true``."""
        return await self._answer(await self._start(request, merges=True))

    async def stream(self, request: Request) -> ASGIApp:
        """Run a workflow and answer with server-sent events."""
        return await self._stream(await self._start(request, merges=True), streams.SSE)

    async def later(self, request: Request) -> ASGIApp:
        """Start a job and answer at once."""
        return await self._accepted(await self._start(request, merges=False))

    async def run_any(self, request: Request) -> ASGIApp:
        """Run as ``run`` does, with the workflow or a graph in the body."""
        wishes = self._wishes(request)
        body = await body_of(request, self._options.max_body)
        asked = codec.from_json(body, _command)
        once = once_of(request, wishes, body)
        job = await start(self._jobs, user_of(request), asked, takes_graphs=self._options.takes_graphs, once=once)
        return await self._answer(Run(request, wishes, job, asked.job_id or job.id))

    def _wishes(self, request: Request) -> Wishes:
        if look(request, self._options.max_body) or request.scope["query_string"]:
            return wishes_of(request)
        return PLAIN

    async def _start(self, request: Request, *, merges: bool) -> Run:
        """Start what a request asks for. With *merges* nothing of the job is shown before its first event."""
        wishes = self._wishes(request)
        body = await body_of(request, self._options.max_body)
        asked = asked_in(body, bare=self._options.takes_bare_params)
        user, workflow_id = user_of(request), id_of(request)
        if asked.job_id is None and wishes.key is None:
            merges = merges and not wishes.is_async
            job = await self._jobs.start(user, workflow_id, asked.params, merges=merges)
            return Run(request, wishes, job, job.id)
        id, once = proposed(asked.job_id), once_of(request, wishes, body)
        job = await self._jobs.start(user, workflow_id, asked.params, id=id, once=once)
        return Run(request, wishes, job, asked.job_id or job.id)

    def _answer(self, run: Run) -> Awaitable[ASGIApp]:
        if run.wishes.lines:
            return self._stream(run, streams.NDJSON)
        return self._watch(run) if run.wishes.cancels else self._wait(run)

    async def _watch(self, run: Run) -> ASGIApp:
        """Answer as ``_wait`` does, and cancel the job if the client goes away before."""
        async with streams.Present(run.request.receive):
            return await self._wait(run)
        row = await self._jobs.cancel(user_of(run.request), run.job.id)
        return still(self._options.prefix, run.id, row.status)

    async def _wait(self, run: Run) -> ASGIApp:
        """Answer with the end, or with where to look if it does not come in time."""
        seconds = run.wishes.seconds(self._options.max_wait)
        if seconds == 0:
            return await self._accepted(run)
        try:
            if seconds is None:
                ending = await self._visitors.stay(run.job.wait)
            else:
                async with asyncio.timeout(seconds):
                    ending = await self._visitors.stay(run.job.wait)
        except TimeoutError:
            return await self._accepted(run)
        except ShuttingDown:
            await run.job.accepted()
            return still(self._options.prefix, run.id, "queued")
        if ending.status != "completed":
            raise failure(ending, run.id)
        applied = run.wishes.applied(self._options.max_wait)
        return Answer(codec.json_of_msgpack(ending.result), headers=(of_job(run.id), *applied))

    async def _stream(self, run: Run, framing: streams.Framing) -> ASGIApp:
        await run.job.accepted()
        cancel = partial(self._jobs.cancel, user_of(run.request), run.job.id) if run.wishes.cancels else None
        return streams.Stream(
            run.job.events(),
            framing,
            run.id,
            visitors=self._visitors,
            silence=self._options.silence,
            on_left=cancel,
        )

    async def _accepted(self, run: Run) -> ASGIApp:
        """Answer with where to look: the job goes on while nobody waits."""
        await run.job.accepted()
        return still(self._options.prefix, run.id, run.job.standing, run.wishes.applied(self._options.max_wait))


def asked_in(body: bytes, *, bare: bool) -> RunRequest:
    """Return what a body asks for; nothing at all is no params. With *bare* a body may be the params themselves."""
    if not body or body.isspace():
        return RunRequest()
    if not bare:
        return codec.from_json(body, _envelope)
    given = codec.from_json(body, _params)
    params, job_id = given.get("params"), given.get("job_id")
    if isinstance(params, dict) and isinstance(job_id, str | None) and given.keys() <= ENVELOPE:
        return RunRequest(params=params, job_id=job_id)
    return RunRequest(params=given)


def proposed(job_id: str | None) -> str | None:
    """Return the id that a client wants for its job, as it is stored."""
    if job_id is None:
        return None
    id = normal_id(job_id)
    if id is None:
        raise misfit("$.job_id", f"expected a UUID, got {job_id[:40]!r}")
    return id


def once_of(request: Request, wishes: Wishes, body: bytes) -> Once | None:
    """Return how a request is known again: by its key, its route and its body."""
    if wishes.key is None:
        return None
    route = f"{request.scope['method']} {request.scope['path'].rstrip('/')}"
    return Once(key=wishes.key, route=route, body=sha256(body).digest())


async def start(jobs: Jobs, user: str, asked: RunJobData, *, takes_graphs: bool, once: Once | None = None) -> Job:
    """Start what a client asks for: a graph it sends along, or a stored workflow."""
    params, id = asked.params or {}, proposed(asked.job_id)
    if asked.graph is None:
        if not asked.workflow_id:
            raise InvalidRequest("workflow_id or graph says what to run; both are missing")
        return await jobs.start(user, asked.workflow_id, params, id=id, once=once)
    if not takes_graphs:
        raise InvalidRequest("this server runs stored workflows only; --allow-graphs changes that")
    return await jobs.start_graph(user, codec.graph_json(asked.graph), params, id=id, once=once)


def failure(ending: Ending, job_id: str) -> NodetoolError:
    """Return the error for a run that did not complete."""
    if ending.status == "cancelled":
        return JobCancelled(ending.error, job_id=job_id)
    kind = FAILURES.get(ending.code, JobFailed)
    return kind(ending.error, errors=ending.errors, job_id=job_id)
