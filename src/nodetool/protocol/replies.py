"""What the socket answers to commands. A reply has no ``seq``: it is no event of a job."""

import msgspec

from nodetool.protocol.errors import Fault, NodetoolError
from nodetool.protocol.events import Status


class Reply(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The answer to one command, with the ``request_id`` it came with."""

    request_id: str | int | None = None


class Done(Reply, kw_only=True, omit_defaults=True):
    """The command was carried out; ``message`` is for people."""

    message: str
    command: str
    job_id: str | None = None
    workflow_id: str | None = None
    status: Status | None = None


class ActiveJob(msgspec.Struct, kw_only=True):
    """A job of this connection that has not ended."""

    job_id: str
    workflow_id: str
    status: Status


class StatusReply(Reply, kw_only=True, omit_defaults=True):
    """Where a job stands: ``not_found`` if there is no such job. Without a job the keys about it are absent."""

    command: str
    job_id: str | None = None
    workflow_id: str | None = None
    status: str | None = None
    attempt: int | None = None
    last_seq: int | None = None
    active_jobs: list[ActiveJob] | None = None


class Pong(Reply, kw_only=True, omit_defaults=True, tag_field="type", tag="pong"):
    """The socket is alive."""


class Refusal(Reply, kw_only=True, omit_defaults=True, tag_field="type", tag="error"):
    """The command was refused, and nothing stored."""

    error: str
    code: str
    command: str | None = None
    job_id: str | None = None
    errors: list[Fault] | None = None

    @classmethod
    def of(
        cls,
        error: NodetoolError,
        *,
        command: str | None = None,
        request_id: str | int | None = None,
        job_id: str | None = None,
    ) -> "Refusal":
        return cls(
            error=error.detail,
            code=error.code,
            command=command,
            request_id=request_id,
            job_id=error.job_id or job_id,
            errors=list(error.errors) or None,
        )
