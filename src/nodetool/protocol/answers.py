"""What REST answers. Every key is always there, but for those of a problem."""

import msgspec

from nodetool.protocol.documents import Workflow
from nodetool.protocol.errors import Fault
from nodetool.protocol.events import Status


class SecretDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A secret, but for its value."""

    name: str
    updated_at: str


class SecretList(msgspec.Struct, frozen=True, kw_only=True):
    """The secrets of a user."""

    next: str
    secrets: list[SecretDocument]


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was refused or a run did not complete (RFC 9457). ``code`` is the word for programs."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Fault] = []
    job_id: str | None = None


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where to read on about a job."""

    job: str = msgspec.field(name="self")
    events: str
    cancel: str
    retry: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """A job that runs on while nobody waits for it."""

    job_id: str
    status: Status
    links: Links


class JobSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A job as lists show it."""

    id: str
    job_id: str
    workflow_id: str
    status: Status
    attempt: int
    last_seq: int
    error: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    links: Links


class JobDocument(JobSummary, frozen=True, kw_only=True):
    """A job with what went in and came out. ``result`` is null unless it completed."""

    params: msgspec.Raw
    result: msgspec.Raw


class NodeProfile(msgspec.Struct, kw_only=True):
    """What a node did in a job."""

    path: list[str]
    """The nodes that lead to it, if it is in a workflow that is called; all calls are added up."""
    node_id: str
    node_name: str
    node_type: str
    status: str = ""
    """``running``, or how it ended: ``completed``, ``error`` or ``cancelled``."""
    firings: int = 0
    """How often it fired; 0 while it runs."""
    wall_ms: float = 0.0
    """Milliseconds from its first firing to its end; 0 while it runs."""
    waiting_ms: float = 0.0
    """Of these, for items to come, or for room to send."""
    items_in: int = 0
    items_out: int = 0


class JobProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of a job's last attempt went, the nodes that worked longest first."""

    job_id: str
    status: str
    attempt: int
    wall_ms: float | None
    """Of the job: from its start to its end; null while it runs."""
    nodes: list[NodeProfile]


class JobList(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs, newest first. ``next`` is the cursor of the next page, empty at the end."""

    next: str
    jobs: list[JobSummary]


class WorkflowList(msgspec.Struct, frozen=True, kw_only=True):
    """Workflows, newest first. ``next`` is the cursor of the next page, empty at the end."""

    next: str
    workflows: list[Workflow]


class TokenDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A token as lists show it: how it begins, never the whole."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    workflow_id: str | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class NewToken(TokenDocument, frozen=True, kw_only=True):
    """A token that was just made. ``token`` is told this once."""

    token: str


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens, newest first, all on one page."""

    next: str
    tokens: list[TokenDocument]


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some events of a job. ``next_after`` is the ``after`` of the next page."""

    events: list[msgspec.Raw]
    next_after: int
    status: Status


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The server answers."""

    status: str


class Pulse(Health, frozen=True, kw_only=True):
    """The server answers, and knows the time."""

    timestamp: str
