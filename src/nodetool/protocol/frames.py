"""What the server and a runner say to each other over their socketpair.

A frame is a length (u32, little-endian) and one MessagePack array ``[kind, …]``. A job is named by its number and
attempt, both integers; its public id is said once, in ``start``.
"""

from typing import Any, Literal

import msgspec

VERSION = 3
"""The version of these frames. Server and runner must agree."""

WINDOW_EVENTS, WINDOW_BYTES = 4096, 256 * 1024
"""What a run may have sent and not yet stored."""

CREDIT_EVENTS, CREDIT_BYTES = 512, 32 * 1024
"""Stored events are credited to their run once they are this many, or this large."""


class RunLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner is told when it is started: how much a run may be."""

    max_result: int
    """Bytes of a result, and of what is kept of one firing."""
    node_timeout: float = 0.0
    """Seconds of one firing of a node; 0 is no limit."""
    input_timeout: float = 0.0
    """Seconds that an open input may be silent; 0 is no limit."""


class Plan(msgspec.Struct, array_like=True, tag=1):
    """A plan, before the first start that names it. Sent once to a runner, which keeps the most recent ones."""

    hash: str
    plan: msgspec.Raw


class Start(msgspec.Struct, array_like=True, tag=2):
    """Run a plan. The first event gets the number ``next_seq``."""

    job_no: int
    attempt: int
    next_seq: int
    hash: str
    params: dict[str, Any]
    job_id: str
    workflow_id: str
    secrets: dict[str, str | None] = {}
    """What its nodes declare and is set; None for what is set and cannot be read. They are nowhere else."""


class Cancel(msgspec.Struct, array_like=True, tag=3):
    """Stop the run. Its ``end`` follows, or the server stops waiting for it."""

    job_no: int
    attempt: int


class Credit(msgspec.Struct, array_like=True, tag=6):
    """Events of this run that are stored now: the run may send as many again."""

    job_no: int
    attempt: int
    events: int
    size: int


class Stop(msgspec.Struct, array_like=True, tag=7):
    """End the process."""


class Checkpoint(msgspec.Struct, array_like=True, tag=8):
    """What a firing sent. A runner sends it to be kept, and gets it back before the start of a later attempt."""

    job_no: int
    attempt: int
    """In which it was computed."""
    key: bytes
    data: bytes


class Input(msgspec.Struct, array_like=True, tag=9):
    """An item for an input that streams; or, where it ``ends``, that nothing more comes."""

    job_no: int
    attempt: int
    name: str
    value: Any
    ends: bool


class Hello(msgspec.Struct, array_like=True, tag=10):
    """The runner is ready. ``catalogue`` is the hash of the index it was started with."""

    version: int
    catalogue: str
    pid: int


class NeedPlan(msgspec.Struct, array_like=True, tag=11):
    """The runner does not have the plan of a start that it got; the start waits for it."""

    hash: str


class Events(msgspec.Struct, array_like=True, tag=12):
    """Some events of a run, numbered from ``first_seq``. Data are ``count`` MessagePack maps, back to back."""

    job_no: int
    attempt: int
    first_seq: int
    count: int
    flags: int
    data: bytes


class End(msgspec.Struct, array_like=True, tag=13):
    """The last frame of a run. ``result`` is a MessagePack map, empty unless ``completed``."""

    job_no: int
    attempt: int
    status: Literal["completed", "failed", "cancelled"]
    result: bytes = b""
    code: str = ""
    error: str = ""
    node_id: str = ""
    handle: str = ""
    leaves: bool = False
    """The process ends behind this frame: a thread of the run is left, which nothing else could stop."""


class Raised(msgspec.Struct, array_like=True, tag=14):
    """What a node raised, for the server's log and for nobody else. It comes before the run's ``end``."""

    job_no: int
    attempt: int
    node_id: str
    """Empty where no node is at fault, but the engine."""
    node_type: str
    trace: str


class Taken(msgspec.Struct, array_like=True, tag=15):
    """A run has taken items that came in for an input: as many more may come."""

    job_no: int
    attempt: int
    name: str
    count: int


ToRunner = Plan | Start | Cancel | Credit | Stop | Checkpoint | Input
ToServer = Hello | NeedPlan | Events | Checkpoint | End | Raised | Taken
