"""What can go wrong between a client and a server.

ClientError
├── Unreachable      no connection, or it was lost
├── SocketClosed     the server, or the way to it, closed the socket
├── BadAnswer        what came is not what the API promises
└── Refused          the server said no, and why
    ├── JobFailed    the run was accepted, and failed
    └── JobCancelled the run was accepted, and cancelled
"""

from collections.abc import Sequence

import msgspec

from nodetool.protocol.answers import Problem
from nodetool.protocol.errors import FAILURES, Fault
from nodetool.protocol.errors import JobCancelled as Cancelled
from nodetool.protocol.errors import JobFailed as Failed
from nodetool.protocol.events import JobUpdate
from nodetool.protocol.replies import Refusal


class ClientError(Exception):
    """Base of all that the client raises on purpose; its text is a sentence."""


class Unreachable(ClientError):
    """No connection could be made, or it was lost before all had come."""


class SocketClosed(ClientError):
    """The socket is closed, with the code and reason of whoever closed it; 1006 is a lost connection."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"the socket was closed with {code} {reason}".rstrip())


class BadAnswer(ClientError):
    """The answer is not what the API promises; whoever answered may be no server of ours."""


class Refused(ClientError):
    """The server refused. ``code`` is the word for programs, ``errors`` say which node or field is at fault.

    ``status`` is that of HTTP, 0 if the refusal came over a socket or in an event.
    """

    def __init__(
        self, detail: str, *, code: str, status: int = 0, errors: Sequence[Fault] = (), job_id: str | None = None
    ) -> None:
        self.detail = detail
        self.code = code
        self.status = status
        self.errors = tuple(errors)
        self.job_id = job_id
        super().__init__(detail)


class JobFailed(Refused):
    """The run failed."""


class JobCancelled(Refused):
    """The run was cancelled."""


_problem = msgspec.json.Decoder(Problem)


def refused(status: int, body: bytes) -> Refused | BadAnswer:
    """Return the error for an answer with this status."""
    try:
        problem = _problem.decode(body)
    except msgspec.MsgspecError:
        start = body[:200].decode(errors="replace")
        return BadAnswer(f"the server answered {status} without saying why in our words: {start!r}")
    kind = kind_of(problem.code) if problem.job_id else Refused
    return kind(problem.detail, code=problem.code, status=status, errors=problem.errors, job_id=problem.job_id)


def refused_command(refusal: Refusal) -> Refused:
    """Return the error for a command that was refused."""
    return Refused(refusal.error, code=refusal.code, errors=refusal.errors or (), job_id=refusal.job_id)


def unsuccessful(end: JobUpdate) -> Refused:
    """Return the error for a terminal event other than ``completed``."""
    code = Cancelled.code if end.status == "cancelled" else end.code or Failed.code
    detail = end.error or end.message or f"the job {end.status}"
    return kind_of(code)(detail, code=code, errors=end.errors or (), job_id=end.job_id)


def kind_of(code: str) -> type[Refused]:
    if code == Cancelled.code:
        return JobCancelled
    return JobFailed if code in FAILURES else Refused
