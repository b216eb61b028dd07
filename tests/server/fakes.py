"""Rooms below the server, as small as its ports allow: jobs that a test drives by hand."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from nodetool.auth.identity import USER, Identity
from nodetool.auth.tokens import Wanted
from nodetool.protocol import codec
from nodetool.protocol.answers import JobProfile
from nodetool.protocol.documents import Finding, Workflow, WorkflowRequest
from nodetool.protocol.errors import (
    Conflict,
    CursorAhead,
    Fault,
    IdempotencyMismatch,
    NodetoolError,
    NotFound,
    NotStreaming,
    PreconditionFailed,
)
from nodetool.protocol.events import ENDED, AnyEvent, JobUpdate, LogUpdate, Status
from nodetool.protocol.ids import new_id, normal_id
from nodetool.server.ports import Cursor, Job, Services
from nodetool.storage.blobs import FolderBlobs
from nodetool.storage.port import JobRow, Once, Page, TokenRow
from nodetool.storage.sealed import SecretRow

NOW_US = 1_700_000_000_000_000
NOW = NOW_US // 1000


@dataclass
class FakeBatch:
    first_seq: int
    count: int
    flags: int
    data: bytes
    last: bool

    def lines(self) -> bytes:
        return codec.json_lines(self.count, self.data, self.flags)


@dataclass
class FakeEnding:
    status: Status = "completed"
    result: bytes = b""
    code: str = ""
    error: str = ""
    errors: Sequence[Fault] = ()


class FakeJob:
    """A job whose events the test emits. It is accepted at once, unless the test holds that back."""

    def __init__(self, user: str, workflow_id: str, params: dict[str, Any], id: str | None = None) -> None:
        self.id = id or new_id(NOW_US)
        self.user = user
        self.workflow_id = workflow_id
        self.params = params
        self.batches: list[FakeBatch] = []
        self.status: Status = "queued"
        self.last_seq = 0
        self.ending: FakeEnding | None = None
        self.accept_error: NodetoolError | None = None
        self.is_accepted = asyncio.Event()
        self.is_accepted.set()
        self.changed = asyncio.Event()
        self.cursors: list[FakeCursor] = []
        self.cancels = 0
        self.inputs: dict[str, list[Any]] = {}
        """Those that are open."""
        self.emit(self.update("queued"))

    @property
    def standing(self) -> Status:
        return self.status

    def update(self, status: Status, **more: Any) -> JobUpdate:
        return JobUpdate(
            job_id=self.id,
            workflow_id=self.workflow_id,
            seq=self.last_seq + 1,
            time=NOW,
            status=status,
            attempt=1,
            **more,
        )

    def log(self, content: str) -> LogUpdate:
        return LogUpdate(
            job_id=self.id,
            workflow_id=self.workflow_id,
            seq=0,
            time=NOW,
            node_id="n",
            node_name="N",
            content=content,
            severity="info",
        )

    def emit(self, *events: AnyEvent, last: bool = False) -> None:
        """Commit *events* as one batch, with the next numbers."""
        first = self.last_seq + 1
        for seq, event in enumerate(events, first):
            event.seq = seq
        self.last_seq += len(events)
        data = b"".join(map(codec.to_msgpack, events))
        self.batches.append(FakeBatch(first, len(events), 0, data, last))
        self.wake()

    def say(self, *contents: str) -> None:
        """Commit a batch of log lines."""
        self.emit(*map(self.log, contents))

    def run(self) -> None:
        self.status = "running"
        self.emit(self.update("running"))

    def complete(self, **result: Any) -> None:
        self.ending = FakeEnding("completed", codec.to_msgpack(result))
        self._end(result=result)

    def fail(self, code: str, error: str, *errors: Fault) -> None:
        self.ending = FakeEnding("failed", code=code, error=error, errors=errors)
        self._end(error=error, code=code, errors=list(errors) or None)

    def cancel(self) -> None:
        self.ending = FakeEnding("cancelled")
        self._end()

    def _end(self, **more: Any) -> None:
        assert self.ending
        self.status = self.ending.status
        self.emit(self.update(self.status, **more), last=True)

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    async def accepted(self) -> None:
        await self.is_accepted.wait()
        if self.accept_error:
            raise self.accept_error

    async def wait(self) -> FakeEnding:
        while self.ending is None:
            await self.changed.wait()
        return self.ending

    def events(self, after: int = 0) -> "FakeCursor":
        cursor = FakeCursor(self, after)
        self.cursors.append(cursor)
        return cursor

    def row(self) -> JobRow:
        ended = self.ending is not None
        return JobRow(
            no=1,
            id=self.id,
            user=self.user,
            workflow_id=self.workflow_id,
            graph_hash="",
            status=self.status,
            attempt=1,
            last_seq=self.last_seq,
            cancel_requested=self.cancels > 0,
            failures=0,
            params=codec.to_msgpack(self.params),
            error=self.ending.error or None if self.ending else None,
            created_us=NOW_US,
            started_us=None if self.status == "queued" else NOW_US + 1,
            finished_us=NOW_US + 2 if ended else None,
        )


class FakeCursor:
    def __init__(self, job: FakeJob, after: int) -> None:
        self.job = job
        self.after = after
        self.is_closed = False
        self.error: Exception | None = None

    async def next(self, timeout: float | None = None) -> FakeBatch | None:
        while self.after >= self.job.last_seq:
            if self.job.ending:
                return None
            async with asyncio.timeout(timeout):
                await self.job.changed.wait()
            if self.error:
                raise self.error
        return self._beyond()

    def _beyond(self) -> FakeBatch:
        batch = next(batch for batch in self.job.batches if batch.first_seq + batch.count > self.after + 1)
        events = codec.split(batch.count, batch.data)[self.after + 1 - batch.first_seq :]
        self.after += len(events)
        data = b"".join(map(bytes, events))
        return FakeBatch(self.after - len(events) + 1, len(events), 0, data, batch.last)

    def close(self) -> None:
        self.is_closed = True


class FakeJobs:
    """Starts a job for any workflow that ``known`` names, and remembers it."""

    def __init__(self, known: Iterable[str] = ("wf",)) -> None:
        self.known = set(known)
        self.all: dict[str, FakeJob] = {}
        self.refuse: NodetoolError | None = None
        self.script: Any = None
        """Called with each new job."""
        self.graphs: list[bytes] = []
        self.asked: dict[str, Any] = {}
        self.once: dict[tuple[str, str, str], tuple[bytes, FakeJob]] = {}

    @property
    def newest(self) -> FakeJob:
        return list(self.all.values())[-1]

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
        if self.refuse:
            raise self.refuse
        if once and (first := self.first(user, once)):
            return first
        if workflow_id not in self.known:
            raise NotFound("workflow", workflow_id)
        if id in self.all:
            raise Conflict
        job = FakeJob(user, workflow_id, params, id)
        self.all[job.id] = job
        if once:
            self.once[user, once.key, once.route] = once.body, job
        if self.script:
            self.script(job)
        return job

    def first(self, user: str, once: Once) -> FakeJob | None:
        body, job = self.once.get((user, once.key, once.route), (b"", None))
        if job and body != once.body:
            raise IdempotencyMismatch
        return job

    async def start_graph(
        self, user: str, graph: bytes, params: dict[str, Any], *, id: str | None = None, once: Once | None = None
    ) -> Job:
        self.graphs.append(graph)
        self.known.add("")
        return await self.start(user, "", params, id=id, once=once)

    async def retry(self, user: str, id: str) -> Job:
        job = self._find(user, id)
        if job.ending is None:
            raise Conflict(job_id=job.id)
        return await self.start(user, job.workflow_id, job.params)

    async def job(self, user: str, id: str) -> JobRow:
        return self._find(user, id).row()

    async def jobs(
        self, user: str, *, limit: int, cursor: str, workflow_id: str | None, status: str | None
    ) -> Page[JobRow]:
        self.asked = {"limit": limit, "cursor": cursor, "workflow_id": workflow_id, "status": status}
        rows = [job.row() for job in reversed(self.all.values()) if job.user == user]
        return Page(rows[:limit], "more" if len(rows) > limit else "")

    async def ending(self, row: JobRow) -> FakeEnding | None:
        return self.all[row.id].ending

    async def events(self, user: str, id: str, after: int) -> Cursor:
        job = self._find(user, id)
        if after > job.last_seq:
            raise CursorAhead(job_id=job.id)
        return job.events(after)

    async def profile(self, user: str, id: str) -> JobProfile:
        job = self._find(user, id)
        return JobProfile(job_id=job.id, status=job.status, attempt=1, wall_ms=None, nodes=[])

    async def feed(self, user: str, id: str, name: str, value: Any) -> Awaitable[None]:
        job = self._find(user, id)
        if job.status in ENDED or name not in job.inputs:
            raise NotStreaming(job_id=job.id)
        job.inputs[name].append(value)
        return asyncio.sleep(0)

    async def end_input(self, user: str, id: str, name: str) -> Awaitable[None]:
        job = self._find(user, id)
        if job.inputs.pop(name, None) is None:
            raise NotStreaming(job_id=job.id)
        return asyncio.sleep(0)

    async def cancel(self, user: str, id: str) -> JobRow:
        job = self._find(user, id)
        job.cancels += 1
        if job.status == "queued":
            job.cancel()
        return job.row()

    def _find(self, user: str, id: str) -> FakeJob:
        job = self.all.get(normal_id(id) or id)
        if job is None or job.user != user or not job.is_accepted.is_set():
            raise NotFound("job", id)
        return job


class FakeWorkflows:
    """Documents in a dict. An etag is the number of the change."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[Workflow, str]] = {}
        self.refuse: NodetoolError | None = None
        self.asked: dict[str, Any] = {}
        self._changes = 0

    async def get(self, user: str, id: str) -> tuple[Workflow, str]:
        if id not in self.stored:
            raise NotFound("workflow", id)
        return self.stored[id]

    async def page(self, user: str, *, limit: int, cursor: str) -> Page[Workflow]:
        self.asked = {"limit": limit, "cursor": cursor}
        if self.refuse:
            raise self.refuse
        rows = [workflow for workflow, _ in reversed(self.stored.values())]
        return Page(rows[:limit], "more" if len(rows) > limit else "")

    async def create(self, user: str, request: WorkflowRequest) -> tuple[Workflow, str]:
        return self._store(f"new-{len(self.stored)}", request)

    async def replace(self, user: str, id: str, request: WorkflowRequest, if_match: str | None) -> tuple[Workflow, str]:
        self._check(id, if_match)
        return self._store(id, request)

    async def delete(self, user: str, id: str, if_match: str | None) -> None:
        await self.get(user, id)
        self._check(id, if_match)
        del self.stored[id]

    def _check(self, id: str, if_match: str | None) -> None:
        if if_match is None:
            return
        etag = self.stored[id][1] if id in self.stored else None
        if etag is None or if_match not in {"*", etag}:
            raise PreconditionFailed

    def _store(self, id: str, request: WorkflowRequest) -> tuple[Workflow, str]:
        if self.refuse:
            raise self.refuse
        self._changes += 1
        self.stored[id] = workflow(id, request), f"e{self._changes}"
        return self.stored[id]


def workflow(id: str, request: WorkflowRequest) -> Workflow:
    return Workflow(
        id=id,
        name=request.name,
        access=request.access,
        description=request.description or "",
        created_at="2026-01-01T00:00:00.000000Z",
        updated_at="2026-01-01T00:00:00.000000Z",
        tags=request.tags,
        tool_name=None,
        package_name=None,
        path=None,
        thumbnail=None,
        thumbnail_url=None,
        run_mode=None,
        graph=request.graph,
        settings=request.settings,
        input_schema=msgspec.Raw(b"{}"),
        output_schema=msgspec.Raw(b"{}"),
        findings=[Finding(code="unknown_type", node_id="n", handle=None, message="no type x")],
    )


GUEST = Identity(user=USER)


class FakeAsking:
    """Knows who is who by a dict of tokens. Everybody else is the *guest*, unless there is none."""

    def __init__(self, guest: Identity | None = GUEST, **known: Identity) -> None:
        self.guest = guest
        self.known = known
        self.refuse: NodetoolError | None = None
        self.asked: list[str] = []

    async def who(self, token: str) -> Identity | None:
        self.asked.append(token)
        if self.refuse:
            raise self.refuse
        return self.known.get(token)


class FakeTokens:
    """Rows in a dict; a token is its number."""

    def __init__(self) -> None:
        self.rows: dict[str, TokenRow] = {}

    async def create(self, user: str, wanted: Wanted) -> tuple[str, TokenRow]:
        id = new_id(NOW_US + len(self.rows))
        row = TokenRow(
            id=id,
            hash=id.encode(),
            user=user,
            name=wanted.name,
            prefix="nt_123456",
            scopes=list(wanted.scopes),
            workflow_id=wanted.workflow_id,
            created_us=NOW_US,
            expires_us=wanted.expires_us,
            used_us=None,
        )
        self.rows[id] = row
        return f"nt_123456-{len(self.rows)}", row

    async def all(self, user: str) -> list[TokenRow]:
        return [row for row in reversed(self.rows.values()) if row.user == user]

    async def revoke(self, user: str, id: str) -> TokenRow:
        row = self.rows.get(id)
        if row is None or row.user != user:
            raise NotFound("token", id)
        return self.rows.pop(id)


class FakeNodes:
    def metadata(self) -> bytes:
        return b'[{"node_type":"x.Y"}]'

    def packs(self) -> bytes:
        return b'[{"name":"x","nodes":1,"error":null}]'


class FakeSecrets:
    """Keeps secrets as they come, by user and name."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}

    async def list(self, user: str) -> list[SecretRow]:
        names = sorted(name for owner, name in self.values if owner == user)
        return [SecretRow(user=user, name=name, sealed=b"sealed", updated_us=NOW_US) for name in names]

    async def set(self, user: str, name: str, value: str) -> int:
        self.values[user, name] = value
        return NOW_US

    async def delete(self, user: str, name: str) -> None:
        if self.values.pop((user, name), None) is None:
            raise NotFound("secret", name)


class FakeMetrics:
    def text(self, connections: Mapping[str, int]) -> bytes:
        return "".join(f"{name} {count}\n" for name, count in connections.items()).encode()


@dataclass
class FakeReadiness:
    missing: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        return self.missing


class House:
    """All rooms below the server."""

    def __init__(self) -> None:
        self.jobs = FakeJobs()
        self.workflows = FakeWorkflows()
        self.secrets = FakeSecrets()
        self.blobs = FolderBlobs(Path("nowhere"))
        self.readiness = FakeReadiness()
        self.asking = FakeAsking()
        self.tokens = FakeTokens()

    @property
    def services(self) -> Services:
        return Services(
            jobs=self.jobs,
            workflows=self.workflows,
            nodes=FakeNodes(),
            secrets=self.secrets,
            blobs=self.blobs,
            readiness=self.readiness,
            metrics=FakeMetrics(),
            asking=self.asking,
            tokens=self.tokens,
        )
