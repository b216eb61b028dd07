"""What a run tells: events are made and encoded here, once."""

from typing import Any, Literal, NamedTuple

import msgspec

from nodetool.engine.bind import BoundEdge, BoundNode
from nodetool.engine.pieces import NUMBER, SEQ, head, key, number, packed, place
from nodetool.engine.shown import MAX_SHOWN, Encoded, encoded, previews, shown
from nodetool.engine.tape import Tape
from nodetool.protocol.events import (
    ChunkUpdate,
    EdgeUpdate,
    Event,
    LogUpdate,
    NodeProgress,
    NodeStats,
    NodeUpdate,
    Notification,
    PreviewUpdate,
    Severity,
)
from nodetool.protocol.values import preview

MAX_ERROR = 1000
"""Characters of an error's text in a ``node_update``."""

MAX_TOTAL = 2**53 - 1
"""The largest integer that every reader can hold."""

EDGE_INTERVAL = 100
"""Milliseconds between two ``message_sent`` of one edge."""

Path = tuple[str | int, ...]
"""The ids of the nodes that lead to a workflow that is called, with the number of the call behind some of them."""

_encoder = msgspec.msgpack.Encoder()


class Reporter:
    """The voice of a run: it makes the events, and puts them on the *tape*."""

    def __init__(self, tape: Tape, *, job_id: str, workflow_id: str, path: Path = ()) -> None:
        self.tape = tape
        self.job_id = job_id
        self.workflow_id = workflow_id
        self.path = path
        """Where this run is: empty for that of the job's own graph."""
        where = place(job_id, workflow_id, path) + SEQ
        heads = _HEADS[bool(path)]
        self._job_lead = heads.job + where
        self._node_lead = heads.node + where
        self._stats_lead = heads.stats + where
        self._edge_lead = heads.edge + where
        self._output_lead = heads.output + where
        self._warned: set[int] = set()
        """Nodes that have sent a number that is none."""

    def within(self, *steps: str | int) -> "Reporter":
        """Return the voice of a workflow that is called: *steps* lead to it from here."""
        return Reporter(self.tape, job_id=self.job_id, workflow_id=self.workflow_id, path=(*self.path, *steps))

    # Events of the engine itself.

    def running(self) -> None:
        """Tell that the run of the job's own graph begins."""
        tape = self.tape
        tape.tick()
        tape.pieces += (self._job_lead, number(NUMBER, tape.seq), tape.stamp, _RUNNING, _encoder.encode(tape.attempt))
        tape.seq += 1
        tape.begin()

    def node_running(self, node: BoundNode, properties: dict[str, Any]) -> None:
        """Tell that a node fires for the first time, and on what."""
        tape = self.tape
        seq, pieces, values = tape.seq, tape.pieces, previews(properties)
        is_first = not pieces
        pieces += (self._node_lead, number(NUMBER, seq), tape.stamp, node.packed_id, node.told.running, values)
        tape.seq = seq + 1
        if is_first:
            tape.begin()

    def ended(
        self,
        node: BoundNode,
        kept: dict[str, Any],
        carried: dict[int, int] | None,
        *,
        fired: bool,
        stats: NodeStats | None = None,
    ) -> None:
        """Tell that a node is completed, if it fired, and then that its edges are drained.

        Args:
            kept: what it sends on single edges.
            carried: for streaming edges, how much each carried, by its index.
        """
        tape = self.tape
        seq, pieces, stamp, lead = tape.seq, tape.pieces, tape.stamp, self._edge_lead
        is_first = not pieces
        if fired and stats:
            values = previews(kept) + _STATS + _encoder.encode(stats)
            pieces += (self._stats_lead, number(NUMBER, seq), stamp, node.packed_id, node.told.completed, values)
            seq += 1
        elif fired:
            values = previews(kept)
            pieces += (self._node_lead, number(NUMBER, seq), stamp, node.packed_id, node.told.completed, values)
            seq += 1
        for edge in node.edges:
            end = _DRAINED[edge.source_handle in kept] if carried is None else _drained(carried.get(edge.index, 0))
            pieces += (lead, number(NUMBER, seq), stamp, edge.packed_id, end)
            seq += 1
        tape.seq = seq
        if is_first and pieces:
            tape.begin()

    def node_stopped(
        self,
        node: BoundNode,
        status: Literal["error", "cancelled"],
        error: str | None = None,
        stats: NodeStats | None = None,
    ) -> None:
        """Tell that a node failed, or was stopped because another one did."""
        error = shown(error[:MAX_ERROR]) if error else None
        head = self._head()
        self._tell(
            NodeUpdate(
                **head,
                node_id=node.id,
                node_name=node.title,
                node_type=node.type_name,
                status=status,
                error=error,
                stats=stats,
            )
        )

    def carried(self, edge: BoundEdge, counter: int) -> int:
        """Tell that a streaming edge carried a value; return when the next one may be told."""
        self._tell(EdgeUpdate(**self._head(), edge_id=edge.id, status="message_sent", counter=counter))
        return self.tape.now + EDGE_INTERVAL

    def output(self, node: BoundNode, value: Encoded) -> None:
        """Tell that a value reached an output."""
        tape, (before, after) = self.tape, node.told_output
        seq, pieces = tape.seq, tape.pieces
        is_first = not pieces
        pieces += (self._output_lead, number(NUMBER, seq), tape.stamp, before, value.data, after)
        tape.seq = seq + 1
        if is_first:
            tape.begin()
        if not value.is_simple:
            self._look_into(node, value)

    # What nodes say.

    def preview(self, node: BoundNode, value: Encoded) -> None:
        """Tell of a value at a preview, or how a large one begins."""
        if len(value.data) > MAX_SHOWN:
            value = encoded(preview(value.plain))
        self._tell(PreviewUpdate(**self._head(), node_id=node.id, value=msgspec.Raw(value.data)))
        if not value.is_simple:
            self._look_into(node, value)

    def progress(self, node: BoundNode, progress: int, total: int, chunk: str) -> None:
        total = max(1, min(total, MAX_TOTAL))
        self._tell(
            NodeProgress(
                **self._head(),
                node_id=node.id,
                node_name=node.title,
                progress=max(0, min(progress, total)),
                total=total,
                chunk=shown(chunk),
            )
        )

    def log(self, node: BoundNode, content: str, severity: Severity) -> None:
        content = shown(content)
        self._tell(LogUpdate(**self._head(), node_id=node.id, node_name=node.title, content=content, severity=severity))

    def print(self, line: str) -> None:
        """Tell what some node of the run printed; which one is not known. Called by the runner's process."""
        self._tell(LogUpdate(**self._head(), node_id="", node_name="", content=shown(line), severity="info"))

    def chunk(self, node: BoundNode, content: str, content_type: str, metadata: Encoded, done: bool) -> None:
        self.tape.flags |= metadata.flags
        self._tell(
            ChunkUpdate(
                **self._head(),
                node_id=node.id,
                content=shown(content),
                content_type=content_type,
                content_metadata=metadata.plain,
                done=done,
            )
        )

    def notify(self, node: BoundNode, content: str, severity: Severity) -> None:
        self._tell(Notification(**self._head(), node_id=node.id, content=shown(content), severity=severity))

    # How it is told.

    def _head(self) -> Any:
        head = {"job_id": self.job_id, "workflow_id": self.workflow_id, "seq": self.tape.seq, "time": self.tape.now}
        return {**head, "path": [*self.path]} if self.path else head

    def _look_into(self, node: BoundNode, value: Encoded) -> None:
        self.tape.flags |= value.flags
        self.tape.look_at = 0
        if value.lost_numbers and node.index not in self._warned:
            self._warned.add(node.index)
            self.log(node, "numbers that are NaN or infinite are sent as null", "warning")

    def _tell(self, event: Event) -> None:
        self.tape.add(_encoder.encode(event))


class _Heads(NamedTuple):
    """How the events begin that are told most, of nodes also with what they have done."""

    job: bytes
    node: bytes
    stats: bytes
    edge: bytes
    output: bytes


def _heads(more: int) -> _Heads:
    """Return the heads of events with so many fields *more* than those of the job's own graph."""
    return _Heads(
        head("job_update", 7 + more),
        head("node_update", 10 + more),
        head("node_update", 11 + more),
        head("edge_update", 8 + more),
        head("output_update", 11 + more),
    )


_HEADS = _heads(0), _heads(1)
"""Without and with a path."""

_STATS = key("stats")
_RUNNING = packed(status="running") + key("attempt")


def _drained(counter: int) -> bytes:
    return packed(status="drained", counter=counter)


_DRAINED = (_drained(0), _drained(1))
