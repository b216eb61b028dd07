"""What the server asks of the rooms below it. The classes behind it live in jobs/; tests hand in fakes."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nodetool.auth.identity import Identity
from nodetool.auth.tokens import Wanted
from nodetool.protocol.answers import JobProfile
from nodetool.protocol.documents import Workflow, WorkflowRequest
from nodetool.protocol.errors import Fault
from nodetool.protocol.events import Status
from nodetool.storage.blobs import Blobs
from nodetool.storage.port import JobRow, Once, Page, TokenRow
from nodetool.storage.sealed import SecretRow


class Batch(Protocol):
    """Some events of a job, committed, in order."""

    @property
    def first_seq(self) -> int: ...

    @property
    def count(self) -> int: ...

    @property
    def flags(self) -> int: ...

    @property
    def data(self) -> bytes:
        """``count`` MessagePack maps, one after the other."""
        ...

    @property
    def last(self) -> bool:
        """The terminal ``job_update`` is the last event of this batch."""
        ...

    def lines(self) -> bytes:
        """Each event as a line of ASCII JSON; made once for all readers of a live batch."""
        ...


class Cursor(Protocol):
    """A reader of one job's events: it replays, then follows. It never holds more than about 1 MiB."""

    async def next(self, timeout: float | None = None) -> Batch | None:
        """Return the next committed events; None behind the batch with the terminal event.

        Raises:
            TimeoutError: nothing came for *timeout* seconds.
        """
        ...

    def close(self) -> None: ...


class Ending(Protocol):
    """How a job ended."""

    @property
    def status(self) -> Status: ...

    @property
    def result(self) -> bytes:
        """A MessagePack map; empty unless the job completed."""
        ...

    @property
    def code(self) -> str:
        """Why it failed, one of ``errors.FAILURES``."""
        ...

    @property
    def error(self) -> str: ...

    @property
    def errors(self) -> Sequence[Fault]: ...


class Job(Protocol):
    """A job that was just started, or by the same request before."""

    @property
    def id(self) -> str: ...

    @property
    def workflow_id(self) -> str: ...

    @property
    def standing(self) -> Status:
        """Where it stands now."""
        ...

    async def accepted(self) -> None:
        """Return once the accept is committed. Raises Conflict, StorageFailed or StorageFull."""
        ...

    async def wait(self) -> Ending:
        """Return once the end is committed. A waiter that is cancelled touches neither the job nor other waiters.

        Raises:
            Conflict, StorageFailed, StorageFull: the job could not be accepted.
            ShuttingDown: the server stops; the job runs again at its next start.
        """
        ...

    def events(self, after: int = 0) -> Cursor: ...


class Jobs(Protocol):
    """Jobs of a user. Ids are taken with or without dashes, but for that of a new job."""

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
        """Start a job, with this *id* if one is given; or return the one that the same request started before.

        *merges* promises that nobody is shown the job before its first event.

        Raises:
            NotFound, HasFindings, InvalidParams, Conflict, IdempotencyMismatch, Pruned, ShuttingDown, QueueFull
        """
        ...

    async def start_graph(
        self, user: str, graph: bytes, params: dict[str, Any], *, id: str | None = None, once: Once | None = None
    ) -> Job:
        """Run a graph (as JSON) that is stored nowhere else. Raises as start does, and InvalidGraph."""
        ...

    async def retry(self, user: str, id: str) -> Job:
        """Run again what a job has run. Raises NotFound, Pruned, Conflict, and as start does."""
        ...

    async def job(self, user: str, id: str) -> JobRow:
        """Raises NotFound, Pruned."""
        ...

    async def jobs(
        self, user: str, *, limit: int, cursor: str, workflow_id: str | None, status: str | None
    ) -> Page[JobRow]:
        """Raises InvalidCursor."""
        ...

    async def ending(self, row: JobRow) -> Ending | None:
        """Return how the job ended, from its last event; None while it is open."""
        ...

    async def events(self, user: str, id: str, after: int) -> Cursor:
        """Raises NotFound, Pruned, CursorAhead."""
        ...

    async def profile(self, user: str, id: str) -> JobProfile:
        """Return where the time of a job went. Raises NotFound, Pruned."""
        ...

    async def feed(self, user: str, id: str, name: str, value: Any) -> Awaitable[None]:
        """Give a job an item for an input that streams; await what is returned for its being stored.

        Raises NotFound, Pruned, NotStreaming, InvalidParams, InputFull.
        """
        ...

    async def end_input(self, user: str, id: str, name: str) -> Awaitable[None]:
        """Say that nothing more comes for an input. Raises as ``feed`` does."""
        ...

    async def cancel(self, user: str, id: str) -> JobRow:
        """Return the row after the cancel is recorded, or as the job had ended. Raises NotFound, Pruned."""
        ...


class Workflows(Protocol):
    """Stored workflows of a user. A document comes with its etag, which has no quotes."""

    async def get(self, user: str, id: str) -> tuple[Workflow, str]:
        """Raises NotFound."""
        ...

    async def page(self, user: str, *, limit: int, cursor: str) -> Page[Workflow]:
        """Newest first; a page stops early at 16 MiB. Raises InvalidCursor."""
        ...

    async def create(self, user: str, request: WorkflowRequest) -> tuple[Workflow, str]:
        """Raises InvalidGraph, InvalidRequest."""
        ...

    async def replace(self, user: str, id: str, request: WorkflowRequest, if_match: str | None) -> tuple[Workflow, str]:
        """Store under this id, whether it is new or not. Raises as create does, PreconditionFailed and NotFound."""
        ...

    async def delete(self, user: str, id: str, if_match: str | None) -> None:
        """Raises NotFound, PreconditionFailed."""
        ...


class Asking(Protocol):
    """Who is asking."""

    @property
    def guest(self) -> Identity | None:
        """Who asks without a token; None if nobody may."""
        ...

    async def who(self, token: str) -> Identity | None:
        """Return whose token this is, None if it is nobody's. Raises AuthUnavailable."""
        ...


class Tokens(Protocol):
    """The tokens that a user has made."""

    async def create(self, user: str, wanted: Wanted) -> tuple[str, TokenRow]:
        """Return a new token, which is told this once, and its row. Raises InvalidRequest, Conflict."""
        ...

    async def all(self, user: str) -> Sequence[TokenRow]:
        """Newest first."""
        ...

    async def revoke(self, user: str, id: str) -> TokenRow:
        """Raises NotFound."""
        ...


class Secrets(Protocol):
    """The secrets of a user: written and listed here, and never read."""

    async def list(self, user: str) -> list[SecretRow]:
        """Return them by name; their values are sealed."""
        ...

    async def set(self, user: str, name: str, value: str) -> int:
        """Store one, whether it is new or not; return the moment, in microseconds. Raises InvalidRequest."""
        ...

    async def delete(self, user: str, name: str) -> None:
        """Raises NotFound."""
        ...


class Nodes(Protocol):
    def metadata(self) -> bytes:
        """Return the JSON of the node types in NodeTool's format, made once."""
        ...

    def packs(self) -> bytes:
        """Return the JSON of the packs that they come from, made once."""
        ...


class Metrics(Protocol):
    def text(self, connections: Mapping[str, int]) -> bytes:
        """Return the page for Prometheus; *connections* are those that are open, by kind."""
        ...


class Readiness(Protocol):
    def problems(self) -> list[str]:
        """Return what is still missing; nothing once schema, node index and a runner stand."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything the server stands on."""

    jobs: Jobs
    workflows: Workflows
    nodes: Nodes
    secrets: Secrets
    blobs: Blobs
    readiness: Readiness
    metrics: Metrics
    asking: Asking
    tokens: Tokens
