"""The events that the server itself makes of a job: that it is queued, and how it ends. Pure functions."""

from collections.abc import Sequence

import msgspec

from nodetool.protocol import codec, frames
from nodetool.protocol.errors import Fault
from nodetool.protocol.events import JobUpdate, Status

FIRST_SEQ = 1
"""The number of the first event: the ``queued`` one, which is the job's row itself."""

_update: "msgspec.msgpack.Decoder[JobUpdate]" = msgspec.msgpack.Decoder(JobUpdate)


class Ending(msgspec.Struct, frozen=True, gc=False):
    """How a job ended."""

    status: Status
    result: bytes = b""
    """A MessagePack map; empty unless ``completed``."""
    code: str = ""
    """Why it failed, one of ``errors.FAILURES``."""
    error: str = ""
    errors: Sequence[Fault] = ()


CANCELLED = Ending("cancelled")


def queued_event(job_id: str, workflow_id: str, created_us: int) -> bytes:
    """Return the first event of a job. It is not stored: whenever it is asked for, these bytes are the same."""
    return codec.to_msgpack(
        JobUpdate(
            job_id=job_id,
            workflow_id=workflow_id,
            seq=FIRST_SEQ,
            time=created_us // 1000,
            status="queued",
            attempt=1,
        )
    )


def requeued_event(job_id: str, workflow_id: str, *, seq: int, now_us: int, attempt: int, message: str) -> bytes:
    """Return the event between two attempts: the next one is *attempt*, *message* says why the last one ended."""
    return codec.to_msgpack(
        JobUpdate(
            job_id=job_id,
            workflow_id=workflow_id,
            seq=seq,
            time=now_us // 1000,
            status="queued",
            attempt=attempt,
            message=message,
        )
    )


def terminal_event(job_id: str, workflow_id: str, *, seq: int, now_us: int, attempt: int, ending: Ending) -> bytes:
    """Return the last event of a job."""
    return codec.to_msgpack(
        JobUpdate(
            job_id=job_id,
            workflow_id=workflow_id,
            seq=seq,
            time=now_us // 1000,
            status=ending.status,
            attempt=attempt,
            result=msgspec.Raw(ending.result) if ending.status == "completed" else None,
            error=ending.error or None,
            code=ending.code or None,
            errors=list(ending.errors) or None,
        )
    )


def ending_of_frame(frame: frames.End) -> Ending:
    """Return the end that a runner reports."""
    if frame.status != "failed":
        return Ending(frame.status, frame.result)
    where = Fault(node_id=frame.node_id or None, handle=frame.handle or None, message=frame.error)
    return Ending("failed", code=frame.code, error=frame.error, errors=(where,) if frame.node_id else ())


def ending_of_event(event: bytes) -> Ending:
    """Read an end back from the last event of a job."""
    update = _update.decode(event)
    result = b"" if update.result is None else codec.to_msgpack(update.result)
    return Ending(update.status, result, update.code or "", update.error or "", update.errors or ())
