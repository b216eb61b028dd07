"""Operations with everything filled in that a test does not talk about."""

from typing import Any

from nodetool.storage.pace import Pace
from nodetool.storage.port import Accept, Append, Checkpoint, DeleteWorkflow, End, Requeue, SaveWorkflow

HASH = "ab" * 32


def job_id(no: int) -> str:
    """An id for job *no*; ids sort like numbers, as those of the server do."""
    return f"{no:032x}"


def accept(no: int, **given: Any) -> Accept:
    """A new job, running at its first attempt."""
    filled: dict[str, Any] = {
        "id": job_id(no),
        "user": "1",
        "workflow_id": "w",
        "graph_hash": HASH,
        "graph": None,
        "params": b"{}",
        "status": "running",
        "attempt": 1,
        "created_us": no,
        "started_us": no,
    }
    return Accept(no=no, **(filled | given))


def batch(first_seq: int, count: int) -> bytes:
    """Events as small MessagePack maps, ``{"seq": n}``, for numbers up to 127."""
    return b"".join(b"\x81\xa3seq" + bytes([seq & 127]) for seq in range(first_seq, first_seq + count))


def append(no: int, first_seq: int, count: int = 1, *, attempt: int = 1) -> Append:
    """A batch of small events."""
    data = batch(first_seq, count)
    return Append(no=no, attempt=attempt, first_seq=first_seq, count=count, flags=0, data=data)


def checkpoint(no: int, key: bytes = b"k", data: bytes = b"\x90", *, attempt: int = 1) -> Checkpoint:
    """What a firing sent."""
    return Checkpoint(no=no, attempt=attempt, key=key, data=data)


def requeue(no: int, first_seq: int, *, attempt: int = 1) -> Requeue:
    """The end of an attempt that is to be followed by another."""
    return Requeue(no=no, attempt=attempt, first_seq=first_seq, data=batch(first_seq, 1))


def end(no: int, first_seq: int, count: int = 1, **given: Any) -> End:
    """The end of a job that completed at its first attempt."""
    filled: dict[str, Any] = {"attempt": 1, "flags": 0, "status": "completed", "error": None, "finished_us": 9}
    return End(no=no, first_seq=first_seq, count=count, data=batch(first_seq, count), **(filled | given))


def save(id: str, **given: Any) -> SaveWorkflow:
    """A workflow of user 1."""
    filled: dict[str, Any] = {
        "user": "1",
        "document": b"{}",
        "findings": b"[]",
        "schemas": b"{}",
        "etag": "e1",
        "now_us": 1,
    }
    return SaveWorkflow(id=id, **(filled | given))


def delete(id: str, *, user: str = "1", if_match: str | None = None) -> DeleteWorkflow:
    """The removal of a workflow of user 1."""
    return DeleteWorkflow(id=id, user=user, if_match=if_match)


class Near(Pace):
    """However slow the disk of the machine is: in the loop."""

    def stays(self) -> bool:
        return True


class Away(Pace):
    """And however fast: on the thread."""

    def stays(self) -> bool:
        return False
