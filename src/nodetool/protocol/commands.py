"""What a client may ask over the socket. The class is the wire format: ``command`` is the tag."""

from typing import Annotated, Any, Literal

import msgspec

RequestId = str | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What a client names a request by; an integer has 64 bits, as it has to fit a reply."""


class RunJobData(msgspec.Struct, kw_only=True):
    """A stored workflow by its id, or a graph sent along. Who asks is known from the connection, never from here."""

    workflow_id: str = ""
    params: dict[str, Any] | None = None
    graph: dict[str, Any] | None = None
    job_id: str | None = None
    """A UUID for the new job, if the client wants to know it before the answer."""


class JobData(msgspec.Struct, kw_only=True):
    """Which job is meant; none means the newest of this connection."""

    job_id: str | None = None


class ReconnectData(JobData, kw_only=True):
    """Where to read on: the ``seq`` of the last event the client has seen."""

    after: int = 0


class InputData(JobData, kw_only=True):
    """An item for, or the end of, a streaming input."""

    input: str = ""
    value: Any = None
    handle: str | None = None


class ModeData(msgspec.Struct, kw_only=True):
    """How frames to the client are written from now on."""

    mode: Literal["binary", "text"]


class Command(msgspec.Struct, kw_only=True, tag_field="command"):
    """One request of a client. ``request_id`` comes back in its reply."""

    request_id: RequestId | None = None


class RunJob(Command, kw_only=True, tag="run_job"):
    data: RunJobData = msgspec.field(default_factory=RunJobData)


class CancelJob(Command, kw_only=True, tag="cancel_job"):
    data: JobData = msgspec.field(default_factory=JobData)


class GetStatus(Command, kw_only=True, tag="get_status"):
    data: JobData = msgspec.field(default_factory=JobData)


class ReconnectJob(Command, kw_only=True, tag="reconnect_job"):
    data: ReconnectData = msgspec.field(default_factory=ReconnectData)


class StreamInput(Command, kw_only=True, tag="stream_input"):
    data: InputData = msgspec.field(default_factory=InputData)


class EndInputStream(Command, kw_only=True, tag="end_input_stream"):
    data: InputData = msgspec.field(default_factory=InputData)


class SetMode(Command, kw_only=True, tag="set_mode"):
    data: ModeData


class ClearModels(Command, kw_only=True, tag="clear_models"):
    data: dict[str, Any] = {}


class Ping(Command, kw_only=True, tag="ping"):
    data: dict[str, Any] = {}


AnyCommand = RunJob | CancelJob | GetStatus | ReconnectJob | StreamInput | EndInputStream | SetMode | ClearModels | Ping
"""Every command, for decoding: the tag picks the class."""
