"""Everything the package raises on purpose. How a caller is told lives in server/errors.py.

One class for each ``code``. The docstring of a class is the sentence used when none is given. Whoever reads the text is
the caller, so it never holds a path, SQL or a stack trace.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong, and where: a node and its handle, or a field of the request."""

    code: str | None = None
    node_id: str | None = None
    handle: str | None = None
    field: str | None = None
    message: str


class NodetoolError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"

    def __init__(self, detail: str = "", *, errors: Sequence[Fault] = (), job_id: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.errors = tuple(errors)
        self.job_id = job_id
        super().__init__(self.detail)


# What a caller sent.


class InvalidJson(NodetoolError):
    """The body is not JSON."""

    code = "invalid_json"


class InvalidCursor(NodetoolError):
    """The cursor is not one that this list gave out."""

    code = "invalid_cursor"


class InvalidKey(NodetoolError):
    """This cannot be the key of a stored file."""

    code = "invalid_key"


class InvalidRequest(NodetoolError):
    """The request does not have the shape that is asked for."""

    code = "invalid_request"


class InvalidGraph(NodetoolError):
    """This is not a graph that can be stored."""

    code = "invalid_graph"


class InvalidParams(NodetoolError):
    """The params do not fit the inputs of the workflow."""

    code = "invalid_params"


class HasFindings(NodetoolError):
    """The workflow has findings and cannot run."""

    code = "workflow_has_findings"


class InvalidFrame(NodetoolError):
    """The frame does not decode to a command."""

    code = "invalid_frame"


class UnknownCommand(NodetoolError):
    """There is no such command."""

    code = "unknown_command"


class NotStreaming(NodetoolError):
    """This job takes no streamed input."""

    code = "not_streaming"


class InputFull(NodetoolError):
    """The run has not taken enough of what came in before."""

    code = "input_full"


class TooLarge(NodetoolError):
    """The body is over the limit."""

    code = "too_large"


class TooSlow(NodetoolError):
    """The request came too slowly."""

    code = "too_slow"


class RangeNotSatisfiable(NodetoolError):
    """The file has no such part."""

    code = "range_not_satisfiable"


class UnsupportedMedia(NodetoolError):
    """The body is of a type that this route does not take."""

    code = "unsupported_media_type"


class Unauthorized(NodetoolError):
    """Authorization header required. Use 'Authorization: Bearer YOUR_TOKEN'."""

    code = "unauthorized"

    def __init__(self, detail: str = "", *, why: str = "") -> None:
        """*why* is what RFC 6750 calls it: ``invalid_request``, ``invalid_token``; nothing where no token came."""
        super().__init__(detail)
        self.why = why


class Forbidden(NodetoolError):
    """The token does not allow this."""

    code = "insufficient_scope"


class NotFound(NodetoolError):
    """No such thing, or not the caller's: the two look the same from outside."""

    code = "not_found"

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"no {kind} {id!r}")
        self.kind = kind
        self.id = id


class MethodNotAllowed(NodetoolError):
    """The route does not take this method."""

    code = "method_not_allowed"


class ForeignOrigin(NodetoolError):
    """A page of this origin may not call the server; --allow-origin adds one."""

    code = "foreign_origin"


class ForeignHost(NodetoolError):
    """The server does not answer to this host name; --allow-host adds one."""

    code = "foreign_host"


class Conflict(NodetoolError):
    """Something else stands there already."""

    code = "conflict"


class IdempotencyMismatch(NodetoolError):
    """Another request had this Idempotency-Key: the same key goes with the same body only."""

    code = "idempotency_mismatch"


class Pruned(NodetoolError):
    """The job was deleted, as it ended long ago."""

    code = "pruned"


class CursorAhead(NodetoolError):
    """The log does not reach that far."""

    code = "cursor_ahead"


class PreconditionFailed(NodetoolError):
    """The stored document is not the one that If-Match names."""

    code = "precondition_failed"


# What the server cannot do now.


class QueueFull(NodetoolError):
    """Too many jobs are waiting."""

    code = "queue_full"


class TooManyJobs(NodetoolError):
    """The user has as many jobs as may be."""

    code = "too_many_jobs"


class RateLimited(NodetoolError):
    """Too many requests came in a short time."""

    code = "rate_limited"

    def __init__(self, detail: str = "", *, seconds: float = 1.0) -> None:
        """*seconds* from now it is worth asking again."""
        super().__init__(detail)
        self.seconds = seconds


class TooManyConnections(NodetoolError):
    """This address has too many connections; see NODETOOL_MAX_CONNECTIONS."""

    code = "too_many_connections"


class AuthUnavailable(NodetoolError):
    """Who is asking cannot be found out now: the service that knows does not answer."""

    code = "auth_unavailable"


class ShuttingDown(NodetoolError):
    """The server is stopping and takes no new runs."""

    code = "shutting_down"


class NotReady(NodetoolError):
    """The server is starting or stopping."""

    code = "not_ready"


class StorageFailed(NodetoolError):
    """The database did not take the change; nothing was stored."""

    code = "storage_failed"


class StorageFull(NodetoolError):
    """The disk is full; nothing was stored."""

    code = "storage_full"


class MissingExtra(NodetoolError):
    """This needs packages that are not installed."""

    code = "missing_extra"


class HomeInUse(NodetoolError):
    """Another server uses this home."""

    code = "home_in_use"


class HomeTooNew(NodetoolError):
    """A newer program wrote this home; this one is too old to open it."""

    code = "home_too_new"


# How a job ended.


class JobCancelled(NodetoolError):
    """The job was cancelled."""

    code = "job_cancelled"


class JobFailed(NodetoolError):
    """The job failed."""

    code = "job_failed"


class NodeFailed(JobFailed):
    """A node failed."""

    code = "node_failed"


class ImportFailed(JobFailed):
    """The module of a node could not be imported."""

    code = "import_failed"


class TypeMismatch(JobFailed):
    """A value does not fit the handle it was sent to."""

    code = "type_mismatch"


class ResultTooLarge(JobFailed):
    """The result is over the limit."""

    code = "result_too_large"


class TooManyEvents(JobFailed):
    """The run emitted more events than a job may hold."""

    code = "too_many_events"


class TimedOut(JobFailed):
    """The run took longer than it may."""

    code = "timed_out"


class RunnerLost(JobFailed):
    """The process that ran the job ended."""

    code = "runner_lost"


class SecretLost(JobFailed):
    """A secret input of the job cannot be read any more: the key that sealed it is not here."""

    code = "secret_lost"


class AttemptsExhausted(JobFailed):
    """The job was started as often as it may be, and never ended."""

    code = "attempts_exhausted"


FAILURES: dict[str, type[JobFailed]] = {
    kind.code: kind
    for kind in (
        JobFailed,
        NodeFailed,
        ImportFailed,
        TypeMismatch,
        ResultTooLarge,
        TooManyEvents,
        TimedOut,
        RunnerLost,
        SecretLost,
        AttemptsExhausted,
    )
}
"""Why a job failed, by the word that stands in its last event."""
