"""What the rest of the program asks of a database.

Changes are operations, handed to the one writer; each is guarded by what it expects to find. Reads see what is
committed. Moments are microseconds since 1970.
"""

from collections.abc import Awaitable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from nodetool.protocol.events import Status
from nodetool.storage.sealed import DropSecret, ParamsRow, ResealParams, ResealSecret, SecretRow, SetSecret

Row = TypeVar("Row")

KEPT_US = 24 * 3600 * 1_000_000
"""How long a request that may come again is known."""


class Once(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request that may come again, by its key: it starts one job, however often it comes."""

    key: str
    route: str
    body: bytes
    """A hash of it: the same key with another body is a mistake."""


class Accept(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Store a new job. It may be ``running`` at once, where its run starts without waiting for the commit.

    Refused if the id is taken; before that, with ``repeated`` or ``reused``, if *once* came before.
    """

    no: int
    """From ``Store.next_no``."""
    id: str
    user: str
    workflow_id: str
    graph_hash: str
    graph: bytes | None
    """The graph's JSON, or None where a job with this hash was committed before."""
    params: bytes
    status: Status
    attempt: int
    created_us: int
    started_us: int | None
    once: Once | None = None


class Begin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A queued job starts to run. Refused if it is not queued at this attempt, or its cancel is recorded."""

    no: int
    attempt: int
    started_us: int


class Append(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Store a batch of events. Refused unless the attempt is current, the job running and ``first_seq`` the next."""

    no: int
    attempt: int
    first_seq: int
    count: int
    flags: int
    data: bytes


class Requeue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """End an attempt and queue the next, with one ``queued`` event. Refused as Append is, or if cancel is recorded."""

    no: int
    attempt: int
    """The attempt that ended; the row gets the next."""
    first_seq: int
    data: bytes
    counts: bool = False
    """The attempt is one of those that a job may end badly."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Keep what a firing sent until the job ends. Refused unless the attempt is current and the job open."""

    no: int
    attempt: int
    key: bytes
    data: bytes


class Cancel(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Record that the job is to be cancelled; from then on it can end no other way. Refused if it has ended."""

    no: int


class End(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """End the job, with its last events. Refused as Append is, but a queued job may end too.

    Refused also where a cancel is recorded and ``status`` is another, and the other way round nothing: a job may be
    cancelled without a recorded cancel.
    """

    no: int
    attempt: int
    first_seq: int
    count: int
    flags: int
    data: bytes
    """The last of these ``count`` events is the terminal ``job_update``."""
    status: Status
    error: str | None
    finished_us: int
    records_cancel: bool = False
    """Record the cancel and end the job in one: for a job that is still queued."""
    drops_checkpoints: bool = False
    """Something of the job may be kept, and goes with it. Most jobs keep nothing, and need not look."""


class Feed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Store an item for an input of a job, or that the input is ended.

    Refused with ``missing`` or ``ended``, and with ``cancelled`` where a cancel is recorded.
    """

    no: int
    n: int
    """Its place among all that comes in for the job, from 1."""
    name: str
    data: bytes | None
    """MessagePack; None ends the input."""


class First(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Store a new job with the first that its run told, or with all of it: its row is written once, and not changed.

    Refused as Accept is, and with ``stale`` if the events are not those that follow an accept.
    """

    accept: Accept
    """Without *once*."""
    then: Append | End


class SaveWorkflow(msgspec.Struct, frozen=True, kw_only=True):
    """Store a workflow, or put another document in its place.

    Refused with ``mismatch`` where ``if_match`` is not the stored etag, and with ``foreign`` where another user's
    workflow has the id.
    """

    id: str
    user: str
    document: bytes
    findings: bytes
    schemas: bytes
    etag: str
    now_us: int
    if_match: str | None = None
    """An etag, ``*`` for any stored document, None for no condition."""


class DeleteWorkflow(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a workflow. Refused with ``missing`` or ``mismatch``."""

    id: str
    user: str
    if_match: str | None = None


class TokenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is stored: not itself, but its hash."""

    id: str
    hash: bytes
    user: str
    name: str
    prefix: str
    scopes: Sequence[str]
    workflow_id: str | None
    created_us: int
    expires_us: int | None
    used_us: int | None
    """Its last use, to the hour."""


class CreateToken(msgspec.Struct, frozen=True, kw_only=True):
    """Store a token. Refused with ``too_many`` if the user has *most* already."""

    row: TokenRow
    most: int


class RevokeToken(msgspec.Struct, frozen=True, kw_only=True):
    """Delete a token of a user. Refused with ``missing``."""

    id: str
    user: str


class UseToken(msgspec.Struct, frozen=True, kw_only=True):
    """Note that a token was used. Refused with ``missing``."""

    hash: bytes
    used_us: int


class Prune(msgspec.Struct, frozen=True, kw_only=True):
    """Delete jobs, but those that have not ended. A tombstone says whose each was; ``Sweep`` deletes their events."""

    jobs: Sequence[int]
    now_us: int


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """Delete some events of pruned jobs. Refused with ``missing`` if none are left."""

    batches: int
    bytes: int


class DropGraphs(msgspec.Struct, frozen=True, kw_only=True):
    """Delete graphs, but those that a job with a number above *after_no* pins."""

    hashes: Sequence[str]
    after_no: int


class Expire(msgspec.Struct, frozen=True, kw_only=True):
    """Forget some requests and tombstones of before these moments. Refused with ``missing`` if none are left."""

    requests_us: int
    tombstones_us: int
    limit: int


Op = (
    Accept
    | Begin
    | Append
    | Checkpoint
    | Feed
    | Requeue
    | Cancel
    | End
    | First
    | SaveWorkflow
    | DeleteWorkflow
    | CreateToken
    | RevokeToken
    | UseToken
    | Prune
    | Sweep
    | DropGraphs
    | Expire
    | SetSecret
    | DropSecret
    | ResealSecret
    | ResealParams
)


class Done(msgspec.Struct, frozen=True, gc=False):
    """The operation is committed."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The operation found something else than it expects, and changed nothing. Its neighbours are not touched."""

    reason: str
    """One of these words.

    ``conflict``, ``stale``, ``ended``, ``missing``, ``mismatch``, ``foreign``; ``cancelled``: nothing else was wrong;
    ``too_many``: a job has no numbers left for these events, or there are as many as may be; ``repeated``: the request
    came before; ``reused``: another request had its key.
    """
    job_id: str = ""
    """With ``repeated`` and ``reused``: the job that the first request started."""


Outcome = Done | Refused


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it is stored."""

    no: int
    id: str
    user: str
    workflow_id: str
    graph_hash: str
    status: Status
    attempt: int
    last_seq: int
    cancel_requested: bool
    failures: int
    """Attempts that ended badly, and count."""
    params: bytes
    error: str | None
    created_us: int
    started_us: int | None
    finished_us: int | None


class WorkflowRow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow as it is stored."""

    id: str
    user: str
    document: bytes
    findings: bytes
    schemas: bytes
    etag: str
    created_us: int
    updated_us: int


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Some events of a job, as they were appended."""

    first_seq: int
    count: int
    flags: int
    data: bytes


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What a firing of an attempt sent."""

    key: bytes
    attempt: int
    data: bytes


class Page(msgspec.Struct, Generic[Row], frozen=True):
    """Some rows of a list, and the cursor of the next page (``""`` at the end)."""

    rows: list[Row]
    next: str


class Changing(Protocol):
    """What takes operations: the one writer, or a command beside it."""

    def append(self, ops: Sequence[Op]) -> Awaitable[list[Outcome]]:
        """Queue *ops*; everything that waits at the end of a loop tick is one transaction.

        The queue takes them at once, in this call; the awaitable tells, for each, what became of it once committed.

        Raises (when awaited):
            StorageFull, StorageFailed: the commit failed; none of its operations took effect.
        """
        ...


class Fed(NamedTuple):
    """An item that came in for a job, or the end of an input: without data."""

    n: int
    name: str
    data: bytes | None


class Sofar(NamedTuple):
    """What came in for one input of a job."""

    name: str
    items: int
    is_ended: bool
    last: int
    """The number of the last of it."""


class Writer(Changing, Protocol):
    """The one writer. Operations take effect in the order they were given, whoever gave them."""

    def next_no(self) -> int:
        """Return a job number that was never used."""
        ...


class Reader(Protocol):
    """Reads of what is committed."""

    async def workflow(self, id: str) -> WorkflowRow | None: ...

    async def workflows(self, user: str, *, limit: int, cursor: str, max_bytes: int) -> Page[WorkflowRow]:
        """Newest first; stops early once the documents of the page hold *max_bytes*. Raises InvalidCursor."""
        ...

    async def token(self, hash: bytes) -> TokenRow | None: ...

    async def token_by_id(self, id: str) -> TokenRow | None: ...

    async def tokens(self, user: str) -> list[TokenRow]:
        """Newest first."""
        ...

    async def job(self, id: str) -> JobRow | None: ...

    async def jobs(
        self, user: str, *, limit: int, cursor: str, workflow_id: str | None = None, status: str | None = None
    ) -> Page[JobRow]:
        """Newest first, with empty params. Raises InvalidCursor."""
        ...

    async def repeated(self, user: str, once: Once, *, since_us: int) -> Refused | None:
        """Return how an Accept with *once* would be refused, None if no such request came since."""
        ...

    async def pruned(self, id: str) -> str | None:
        """Return the user of a job that was pruned."""
        ...

    async def unfinished(self) -> list[JobRow]:
        """Every job that has not ended, oldest first."""
        ...

    async def events(self, no: int, after: int, *, limit: int, max_bytes: int) -> list[Batch]:
        """Return the batches with events beyond *after*, from the one that holds ``after + 1``.

        Stops behind the batch that reaches *limit* events or *max_bytes*.
        """
        ...

    async def last_event(self, no: int) -> bytes | None:
        """Return the batch data's last event of a job, as one MessagePack map."""
        ...

    async def checkpoints(self, no: int) -> list[Kept]:
        """Return all that is kept of a job."""
        ...

    async def inputs(self, no: int, after: int, *, limit: int) -> list[Fed]:
        """Return what came in for a job behind the item numbered *after*, in order."""
        ...

    def inputs_so_far(self, no: int) -> list[Sofar]:
        """Return what came in for each input of a job, read in the caller's thread."""
        ...

    async def graph(self, hash: str) -> bytes | None:
        """Return the JSON of a graph that some job pinned."""
        ...

    async def secrets(self, user: str) -> list[SecretRow]:
        """Return the secrets of a user, by name."""
        ...

    def secret(self, user: str, name: str) -> bytes | None:
        """Return a sealed secret. For whoever starts a run and cannot wait: a row by its key takes microseconds.

        Raises:
            StorageFailed: the database cannot be read.
        """
        ...

    async def all_secrets(self) -> list[SecretRow]: ...

    async def params_with(self, after_no: int, mark: bytes, *, limit: int) -> list[ParamsRow]:
        """Return params in which *mark* stands, by the number of their job."""
        ...

    async def ended_count(self) -> int:
        """Return how many jobs have ended."""
        ...

    async def oldest_ended(self, after_no: int, *, limit: int) -> list[tuple[int, int]]:
        """Return number and end (in microseconds) of ended jobs, by number."""
        ...

    async def pins(self, after_no: int, *, limit: int) -> list[tuple[int, str]]:
        """Return number and graph hash of jobs, by number."""
        ...

    async def graph_hashes(self, after: str, *, limit: int) -> list[str]:
        """Return the hashes of stored graphs, in their order."""
        ...
