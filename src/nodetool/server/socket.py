"""The socket's side of a conversation: one command in; replies, and the events of jobs, out."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from nodetool.auth.identity import Identity
from nodetool.protocol import codec
from nodetool.protocol.commands import (
    AnyCommand,
    CancelJob,
    ClearModels,
    Command,
    EndInputStream,
    GetStatus,
    Ping,
    ReconnectJob,
    RunJob,
    RunJobData,
    SetMode,
    StreamInput,
)
from nodetool.protocol.errors import InvalidRequest, NodetoolError, NotStreaming
from nodetool.protocol.events import ENDED
from nodetool.protocol.ids import normal_id
from nodetool.protocol.replies import ActiveJob, Done, Pong, Refusal, Reply, StatusReply
from nodetool.server.frames import Mode
from nodetool.server.outbox import Step
from nodetool.server.ports import Cursor, Job, Jobs
from nodetool.server.runs import start
from nodetool.server.scopes import check, needs_of
from nodetool.storage.port import JobRow

Note = Callable[[str, str, str], None]


class Out(Protocol):
    """Where a session speaks: Outbox."""

    mode: Mode

    async def put(self, step: Step) -> None: ...

    async def say(self, reply: Reply) -> None: ...

    async def reply(self, reply: Reply) -> None: ...

    def follow(self, job_id: str, cursor: Cursor) -> None: ...

    def leave(self, job_id: str) -> None: ...

    @property
    def followed(self) -> list[str]: ...


class Session:
    """One client on one socket. Knows nothing of frames, so a test can talk to it directly.

    Commands are handled one after the other. A reply may wait for a commit, and those behind it wait with it, while the
    next commands are handled already: else a connection would get one run a disk's turn.
    """

    def __init__(
        self, identity: Identity, jobs: Jobs, out: Out, *, takes_graphs: bool, note: Note | None = None
    ) -> None:
        """*note* is told what was done, to what has which id, and the job that it was."""
        self._identity = identity
        self._user = identity.user
        self._jobs = jobs
        self._out = out
        self._takes_graphs = takes_graphs
        self._note = note
        self._newest = ""
        self._starting: dict[str, Job] = {}
        """Jobs of this connection whose accept is not known to be committed."""

    async def answer(self, command: AnyCommand, refusal: NodetoolError | None = None) -> None:
        """Carry out a command; or say why not, where somebody else has a *refusal* for it."""
        try:
            if refusal:
                raise refusal
            check(self._identity, needs_of(command))
            await self._carry_out(command)
        except NodetoolError as error:
            await self._out.say(self._refusal(error, command))

    async def _carry_out(self, command: AnyCommand) -> None:
        match command:
            case RunJob():
                await self._run(command)
            case CancelJob():
                await self._cancel(command)
            case GetStatus():
                await self._out.say(await self._status(command))
            case ReconnectJob():
                await self._reconnect(command)
            case StreamInput() | EndInputStream():
                await self._feed(command)
            case SetMode():
                await self._set_mode(command)
            case ClearModels():
                await self._out.say(Done(message="Unused models cleared", **_of(command)))
            case Ping():
                await self._out.say(Pong(request_id=command.request_id))

    async def _run(self, command: RunJob) -> None:
        data = command.data
        params = codec.received(data.params or {})
        asked = RunJobData(workflow_id=data.workflow_id, params=params, graph=data.graph, job_id=data.job_id)
        job = await start(self._jobs, self._user, asked, takes_graphs=self._takes_graphs)
        self._newest = job.id
        self._starting[job.id] = job
        await self._out.put(lambda: self._begin(command, job))

    async def _begin(self, command: RunJob, job: Job) -> None:
        try:
            await job.accepted()
        except NodetoolError as error:
            await self._out.reply(self._refusal(error, command))
            return
        finally:
            self._starting.pop(job.id, None)
        if self._note:
            self._note("job.run", job.workflow_id, job.id)
        shown = command.data.job_id or job.id
        await self._out.reply(Done(message="Job started", job_id=shown, workflow_id=job.workflow_id, **_of(command)))
        self._out.follow(job.id, job.events())

    async def _cancel(self, command: CancelJob) -> None:
        row = await self._jobs.cancel(self._user, await self._meant(command.data.job_id))
        if self._note:
            self._note("job.cancel", row.id, row.id)
        await self._out.say(
            Done(
                message="Job cancellation requested",
                job_id=row.id,
                workflow_id=row.workflow_id,
                status=row.status,
                **_of(command),
            )
        )

    async def _feed(self, command: StreamInput | EndInputStream) -> None:
        """Items take effect in the order of their commands; each is acknowledged once it is stored."""
        data = command.data
        if data.handle not in (None, "", "output"):
            raise NotStreaming(f"an input has the handle output, and no {data.handle[:256]!r}", job_id=data.job_id)
        id = await self._meant(data.job_id)
        row = await self._jobs.job(self._user, id)
        if isinstance(command, EndInputStream):
            stored = await self._jobs.end_input(self._user, id, data.input)
        else:
            stored = await self._jobs.feed(self._user, id, data.input, codec.received(data.value))
        await self._out.put(lambda: self._acknowledge(command, row, stored))

    async def _acknowledge(self, command: Command, row: JobRow, stored: Awaitable[None]) -> None:
        try:
            await stored
        except NodetoolError as error:
            await self._out.reply(self._refusal(error, command))
            return
        message = "Input stream ended" if isinstance(command, EndInputStream) else "Input item streamed"
        await self._out.reply(Done(message=message, job_id=row.id, workflow_id=row.workflow_id, **_of(command)))

    async def _reconnect(self, command: ReconnectJob) -> None:
        row = await self._jobs.job(self._user, await self._meant(command.data.job_id))
        after = command.data.after
        if after < 0:
            raise InvalidRequest("data.after: expected 0 or more")
        self._newest = row.id
        self._out.leave(row.id)
        await self._out.put(lambda: self._resume(command, row, after))

    async def _resume(self, command: ReconnectJob, row: JobRow, after: int) -> None:
        try:
            cursor = await self._jobs.events(self._user, row.id, after)
        except NodetoolError as error:
            await self._out.reply(self._refusal(error, command))
            return
        try:
            await self._out.reply(
                Done(
                    message=f"Reconnecting to job {row.id}",
                    job_id=row.id,
                    workflow_id=row.workflow_id,
                    **_of(command),
                )
            )
        except BaseException:
            cursor.close()
            raise
        self._out.follow(row.id, cursor)

    async def _status(self, command: GetStatus) -> StatusReply:
        """Tell where a job stands. Asking never fails: an unknown job is ``not_found``."""
        asked = command.data.job_id
        reply = StatusReply(**_of(command))
        if not asked:
            reply.active_jobs = await self._active()
        if not asked and not self._newest:
            return reply
        row = await self._row(asked)
        if row is None:
            reply.job_id, reply.status = asked or self._newest, "not_found"
            return reply
        reply.job_id, reply.workflow_id = row.id, row.workflow_id
        reply.status, reply.attempt, reply.last_seq = row.status, row.attempt, row.last_seq
        return reply

    async def _active(self) -> list[ActiveJob]:
        ids = dict.fromkeys([*self._out.followed, *self._starting])
        rows = [await self._row(id) for id in ids]
        return [
            ActiveJob(job_id=row.id, workflow_id=row.workflow_id, status=row.status)
            for row in rows
            if row is not None and row.status not in ENDED
        ]

    async def _row(self, job_id: str | None) -> JobRow | None:
        try:
            return await self._jobs.job(self._user, await self._meant(job_id))
        except NodetoolError:
            return None

    async def _set_mode(self, command: SetMode) -> None:
        async def change() -> None:
            self._out.mode = command.data.mode
            await self._out.reply(Done(message=f"Mode set to {command.data.mode}", **_of(command)))

        await self._out.put(change)

    async def _meant(self, job_id: str | None) -> str:
        """Return the job that a command is about, once others could see it too."""
        if not (id := job_id or self._newest):
            raise InvalidRequest("no job was run on this connection; data.job_id says which one is meant")
        starting = self._starting.get(normal_id(id) or id)
        if starting is not None:
            await starting.accepted()
        return id

    def _refusal(self, error: NodetoolError, command: Command) -> Refusal:
        asked = getattr(getattr(command, "data", None), "job_id", None)
        return Refusal.of(error, job_id=asked, **_of(command))


def _of(command: Command) -> dict[str, Any]:
    """Return what a reply repeats of its command."""
    return {"command": command.__struct_config__.tag, "request_id": command.request_id}
