"""The one place where an error becomes a status code."""

from http import HTTPStatus
from math import ceil

import structlog
from litestar.exceptions import HTTPException

from nodetool.protocol import errors
from nodetool.protocol.answers import Problem
from nodetool.protocol.codec import to_json
from nodetool.protocol.errors import Fault, NodetoolError
from nodetool.server.requests import Request
from nodetool.server.responses import Answer, Header, of_job

_log = structlog.get_logger()

STATUS: dict[type[NodetoolError], int] = {
    errors.InvalidJson: 400,
    errors.InvalidCursor: 400,
    errors.InvalidKey: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.ForeignOrigin: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.TooSlow: 408,
    errors.Conflict: 409,
    errors.CursorAhead: 409,
    errors.JobCancelled: 409,
    errors.NotStreaming: 409,
    errors.InputFull: 429,
    errors.Pruned: 410,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.RangeNotSatisfiable: 416,
    errors.ForeignHost: 421,
    errors.HasFindings: 422,
    errors.IdempotencyMismatch: 422,
    errors.InvalidFrame: 422,
    errors.InvalidGraph: 422,
    errors.InvalidParams: 422,
    errors.InvalidRequest: 422,
    errors.UnknownCommand: 422,
    errors.QueueFull: 429,
    errors.TooManyJobs: 429,
    errors.RateLimited: 429,
    errors.TooManyConnections: 429,
    errors.JobFailed: 500,
    errors.AuthUnavailable: 503,
    errors.NotReady: 503,
    errors.ShuttingDown: 503,
    errors.StorageFailed: 503,
    errors.StorageFull: 507,
}
"""The status of each class; a subclass without its own has that of its base."""

RETRY_AFTER: dict[int, bytes] = {429: b"1", 503: b"2"}
"""Seconds until it is worth asking again."""

PROBLEM_TYPE = b"application/problem+json"
INTERNAL = "internal"
UNEXPECTED = "something went wrong in the server; its log says what"


def status_of(error: NodetoolError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def refusal(error: NodetoolError) -> Answer:
    """Return the answer for an error that was raised on purpose."""
    headers = headers_of(error)
    return problem(
        status_of(error), error.code, error.detail, faults=error.errors, job_id=error.job_id, headers=headers
    )


def headers_of(error: NodetoolError) -> list[Header]:
    """Return the headers that say what to do about an error."""
    match error:
        case errors.Unauthorized(why=why):
            return [(b"www-authenticate", challenge(why))]
        case errors.Forbidden():
            return [(b"www-authenticate", challenge(error.code))]
        case errors.RateLimited(seconds=seconds):
            return [(b"retry-after", b"%d" % ceil(seconds))]
    return []


def challenge(why: str) -> bytes:
    """Say that a token is asked for, and what is wrong with the one that came (RFC 6750, 3)."""
    return f'Bearer realm="nodetool", error="{why}"'.encode() if why else b'Bearer realm="nodetool"'


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    faults: tuple[Fault, ...] = (),
    job_id: str | None = None,
    headers: list[Header] | None = None,
) -> Answer:
    body = Problem(
        type=f"urn:nodetool:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=list(faults),
        job_id=job_id,
    )
    headers = list(headers or ())
    if status in RETRY_AFTER and not any(name == b"retry-after" for name, _ in headers):
        headers.append((b"retry-after", RETRY_AFTER[status]))
    if job_id:
        headers.append(of_job(job_id))
    return Answer(to_json(body), status, headers, PROBLEM_TYPE)


def answer(request: Request, error: Exception) -> Answer:
    """Answer for anything raised by a route or by the framework around it, before the first byte was sent."""
    if isinstance(error, NodetoolError):
        return refusal(error)
    if isinstance(error, HTTPException) and error.status_code < 500:
        return of_framework(request, error)
    _log.error("request.failed", method=request.scope["method"], path=request.scope["path"], exc_info=error)
    return problem(500, INTERNAL, UNEXPECTED)


def of_framework(request: Request, error: HTTPException) -> Answer:
    """Answer for what the framework refuses: no such route, not this method, a request it cannot read."""
    method, path = request.scope["method"], request.scope["path"]
    if error.status_code == 404:
        return refusal(errors.NotFound("route", path))
    if error.status_code == 405:
        allowed = ", ".join(sorted((error.headers or {}).get("allow", "").split(", ")))
        detail = f"{path} does not take {method}, but {allowed}"
        return problem(405, errors.MethodNotAllowed.code, detail, headers=[(b"allow", allowed.encode())])
    return problem(error.status_code, errors.InvalidRequest.code, "the request cannot be read")
