"""HTTP for runs: decode, start, and answer with the end, with every event on the way, or with where to look."""

from typing import Any

import msgspec

from nodetool.protocol import codec
from nodetool.protocol.answers import Accepted
from nodetool.protocol.commands import RunJobData
from nodetool.protocol.documents import RunRequest
from nodetool.protocol.errors import FAILURES, InvalidRequest, JobCancelled, JobFailed, NodetoolError, ShuttingDown
from nodetool.server import streams
from nodetool.server.jobs import job_url, links_of
from nodetool.server.options import Options
from nodetool.server.ports import Ending, Job, Jobs
from nodetool.server.requests import Query, Request, id_of, read_body, read_json, user_of
from nodetool.server.responses import Answer, document, of_job
from nodetool.server.types import ASGIApp
from nodetool.server.visitors import Visitors

_envelope = msgspec.json.Decoder(RunRequest)
_params = msgspec.json.Decoder(dict[str, Any])
_command = msgspec.json.Decoder(RunJobData)


class Runs:
    """The routes that start a job. They differ in how they answer."""

    def __init__(self, jobs: Jobs, visitors: Visitors, options: Options) -> None:
        self._jobs = jobs
        self._visitors = visitors
        self._options = options

    async def run(self, request: Request) -> ASGIApp:
        """Run a workflow and answer with its outputs, or line by line with ``?stream=true``."""
        lines = wants_lines(request)
        job = await self._start(request)
        return await (self._stream(job, streams.NDJSON) if lines else self._wait(job))

    async def stream(self, request: Request) -> ASGIApp:
        """Run a workflow and answer with server-sent events."""
        return await self._stream(await self._start(request), streams.SSE)

    async def later(self, request: Request) -> ASGIApp:
        """Start a job and answer at once."""
        job = await self._start(request)
        await job.accepted()
        return await self._accepted(user_of(request), job)

    async def run_any(self, request: Request) -> ASGIApp:
        """Run as ``run`` does, with the workflow or a graph in the body."""
        lines = wants_lines(request)
        asked = await read_json(request, _command, self._options.max_body)
        job = await start(self._jobs, user_of(request), asked, takes_graphs=self._options.takes_graphs)
        return await (self._stream(job, streams.NDJSON) if lines else self._wait(job))

    async def _start(self, request: Request) -> Job:
        body = await read_body(request, self._options.max_body)
        params = params_of(body, bare=self._options.takes_bare_params)
        return await self._jobs.start(user_of(request), id_of(request), params)

    async def _wait(self, job: Job) -> ASGIApp:
        try:
            ending = await self._visitors.stay(job.wait)
        except ShuttingDown:
            await job.accepted()
            return self._still("queued", job.id)
        if ending.status != "completed":
            raise failure(ending, job.id)
        return Answer(codec.json_of_msgpack(ending.result), headers=(of_job(job.id),))

    async def _stream(self, job: Job, framing: streams.Framing) -> ASGIApp:
        await job.accepted()
        return streams.Stream(
            job.events(), framing, (of_job(job.id),), visitors=self._visitors, silence=self._options.silence
        )

    async def _accepted(self, user: str, job: Job) -> ASGIApp:
        row = await self._jobs.job(user, job.id)
        return self._still(row.status, row.id)

    def _still(self, status: Any, id: str) -> Answer:
        """Answer for a job that goes on while nobody waits."""
        prefix = self._options.prefix
        body = Accepted(job_id=id, status=status, links=links_of(prefix, id))
        return document(body, 202, ((b"location", job_url(prefix, id).encode()), of_job(id)))


def wants_lines(request: Request) -> bool:
    return bool(request.scope["query_string"]) and Query(request).flag("stream")


def params_of(body: bytes, *, bare: bool) -> dict[str, Any]:
    """Return the params in a body; nothing at all is no params. With *bare* a body may be the params themselves."""
    if not body or body.isspace():
        return {}
    if not bare:
        return codec.from_json(body, _envelope).params
    given = codec.from_json(body, _params)
    inner = given.get("params")
    return inner if len(given) == 1 and isinstance(inner, dict) else given


async def start(jobs: Jobs, user: str, asked: RunJobData, *, takes_graphs: bool) -> Job:
    """Start what a client asks for: a graph it sends along, or a stored workflow."""
    params = asked.params or {}
    if asked.graph is None:
        if not asked.workflow_id:
            raise InvalidRequest("workflow_id or graph says what to run; both are missing")
        return await jobs.start(user, asked.workflow_id, params)
    if not takes_graphs:
        raise InvalidRequest("this server runs stored workflows only; --allow-graphs changes that")
    return await jobs.start_graph(user, codec.graph_json(asked.graph), params)


def failure(ending: Ending, job_id: str) -> NodetoolError:
    """Return the error for a run that did not complete."""
    if ending.status == "cancelled":
        return JobCancelled(ending.error, job_id=job_id)
    kind = FAILURES.get(ending.code, JobFailed)
    return kind(ending.error, errors=ending.errors, job_id=job_id)
