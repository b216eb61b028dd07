"""What a running job says to whoever is listening.

Each class is its own wire format: ``type`` is the tag. Fields without a default are always there; optional ones are
left out while they are None. ``seq`` counts 1, 2, 3 … for each job and goes on over its attempts; ``time`` is in
milliseconds since 1970. Whoever owns the attempt stamps both, once, before the event is encoded.
"""

from typing import Any, Literal

import msgspec

from nodetool.protocol.errors import Fault

Status = Literal["queued", "running", "completed", "failed", "cancelled"]
"""The state of a job. The last three are final."""

ENDED: frozenset[str] = frozenset({"completed", "failed", "cancelled"})

Severity = Literal["info", "warning", "error"]


class Event(msgspec.Struct, kw_only=True, tag_field="type", omit_defaults=True, gc=False):
    """One fact about a job."""

    job_id: str
    workflow_id: str
    seq: int
    time: int
    path: list[str | int] | None = None
    """Of what happens in a workflow that a node calls: the ids of the nodes that lead there from the job's own graph,
    each with the number of the call behind it where there are several."""


class JobUpdate(Event, kw_only=True, tag="job_update", omit_defaults=True, gc=False):
    """The state of the whole job. The one with a final status is the last event of the job."""

    status: Status
    attempt: int
    result: Any = None
    """Only with ``completed``: a property for each output. May be a msgspec.Raw while it is written."""
    error: str | None = None
    message: str | None = None
    code: str | None = None
    """With ``failed``: the word that says why, one of ``errors.FAILURES``."""
    errors: list[Fault] | None = None


class NodeStats(msgspec.Struct, gc=False):
    """What a node has done, that had a task of its own."""

    firings: int
    took_us: int
    """Microseconds from its first firing to its end."""
    waited_us: int
    """Of these, for items to come, or for room to send."""


class NodeUpdate(Event, kw_only=True, tag="node_update", omit_defaults=True, gc=False):
    """A node started, ended, failed or was stopped. Once each for a node and attempt, however often it fires."""

    node_id: str
    node_name: str
    node_type: str
    status: Literal["running", "completed", "error", "cancelled", "waiting"]
    error: str | None = None
    result: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    stats: NodeStats | None = None
    """At the end of a node that waits, streams or fires again; others fired once, in microseconds."""


class OutputUpdate(Event, kw_only=True, tag="output_update", gc=False):
    """A value arrived at an output node."""

    node_id: str
    node_name: str
    output_name: str
    value: Any
    output_type: str
    metadata: dict[str, Any]


class PreviewUpdate(Event, kw_only=True, tag="preview_update", gc=False):
    """A value arrived at a preview."""

    node_id: str
    value: Any


class EdgeUpdate(Event, kw_only=True, tag="edge_update", gc=False):
    """How many values an edge has carried; ``drained`` when no more will come."""

    edge_id: str
    status: Literal["message_sent", "drained"]
    counter: int


class NodeProgress(Event, kw_only=True, tag="node_progress", gc=False):
    """How far a node is: ``progress`` of ``total``, which is over 0."""

    node_id: str
    node_name: str
    progress: int
    total: int
    chunk: str = ""


class LogUpdate(Event, kw_only=True, tag="log_update", gc=False):
    """A line that a node, or the engine on its behalf, wrote for whoever watches."""

    node_id: str
    node_name: str
    content: str
    severity: Severity


class ChunkUpdate(Event, kw_only=True, tag="chunk", gc=False):
    """A piece of content for whoever watches. It is no value: nothing downstream gets it."""

    node_id: str
    content_type: str
    content: str
    content_metadata: dict[str, Any]
    done: bool


class Notification(Event, kw_only=True, tag="notification", gc=False):
    """A message that a page may show to the person who runs the workflow."""

    node_id: str
    content: str
    severity: Severity


class SaveUpdate(Event, kw_only=True, tag="save_update", gc=False):
    """A node saved something under a name."""

    node_id: str
    node_name: str
    name: str
    value: Any
    output_type: str
    metadata: dict[str, Any]


AnyEvent = (
    JobUpdate
    | NodeUpdate
    | OutputUpdate
    | PreviewUpdate
    | EdgeUpdate
    | NodeProgress
    | LogUpdate
    | ChunkUpdate
    | Notification
    | SaveUpdate
)
"""Every event, for decoding: the tag picks the class."""
