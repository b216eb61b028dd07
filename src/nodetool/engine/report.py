"""What a run tells: events are numbered, stamped and encoded here, once, and leave as batches."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Literal, Self

import msgspec

from nodetool.engine.bind import BoundEdge, BoundNode
from nodetool.engine.pieces import NUMBER, lead, number, packed, stamp
from nodetool.engine.shown import MAX_SHOWN, Encoded, encoded, previews, shown
from nodetool.protocol.events import (
    ChunkUpdate,
    EdgeUpdate,
    Event,
    JobUpdate,
    LogUpdate,
    NodeProgress,
    NodeUpdate,
    Notification,
    PreviewUpdate,
    Severity,
)
from nodetool.protocol.frames import Events
from nodetool.protocol.values import preview

MAX_ERROR = 1000
"""Characters of an error's text in a ``node_update``."""

MAX_TOTAL = 2**53 - 1
"""The largest integer that every reader can hold."""

FLUSH_BYTES = 64 * 1024
"""A batch of this size leaves at once."""

EDGE_INTERVAL = 100
"""Milliseconds between two ``message_sent`` of one edge."""

_encoder = msgspec.msgpack.Encoder()


class Reporter:
    """The voice of one attempt of one job.

    ``on_first`` is called when an event stands in an empty batch, so that whoever sends knows there is something to
    take, and when a batch is large. ``take`` gives the batch away.

    Events are stamped with ``now``, which stands still between two ``tick``s: the engine ticks after each call of a
    node and each await, the only places where time passes.
    """

    def __init__(
        self,
        *,
        job_no: int,
        attempt: int,
        job_id: str,
        workflow_id: str,
        next_seq: int,
        on_first: Callable[["Reporter"], None],
    ) -> None:
        self.job_no = job_no
        self.attempt = attempt
        self.job_id = job_id
        self.workflow_id = workflow_id
        self.now = -1
        """Milliseconds since 1970."""
        self.seq = next_seq
        """The number of the next event."""
        self.look_at = 0
        """The number at which it is time to ``settle``, and to see whether more may be told."""
        self._first_seq = self._batch_seq = next_seq
        """The numbers of the first event of the attempt, and of the first in the batch."""
        self._flags = 0
        self._buffer = bytearray()
        self._pieces: list[bytes] = []
        """What was told last: it is joined to the buffer some events at a time."""
        self._node_lead = lead("node_update", 10, job_id, workflow_id)
        self._edge_lead = lead("edge_update", 8, job_id, workflow_id)
        self._output_lead = lead("output_update", 11, job_id, workflow_id)
        self._on_first = on_first
        self._end_seq = 0
        """The number after the last event, once nothing more is told."""
        self._warned: set[int] = set()
        """Nodes that have sent a number that is none."""
        self.tick()

    @property
    def count(self) -> int:
        """Events in the batch."""
        return (self._end_seq or self.seq) - self._batch_seq

    @property
    def size(self) -> int:
        """Bytes in the batch."""
        self._join()
        return len(self._buffer)

    @property
    def total(self) -> int:
        """Events since the attempt began."""
        return self.seq - self._first_seq

    def settle(self) -> None:
        """Ask to be emptied if the batch is large."""
        if self.size >= FLUSH_BYTES:
            self._on_first(self)

    def tick(self) -> None:
        """Look at the clock."""
        self.set_time(time.time_ns() // 1_000_000)

    def set_time(self, now: int) -> None:
        self.now = now
        self._stamp = stamp(now)

    def close(self) -> None:
        """Tell nothing more: what a node that does not stop says after the end of the run is lost."""
        self._join()
        self._pieces = _Lost()
        self._end_seq = self.seq

    def take(self) -> Events | None:
        """Return the batch as a frame, and begin the next; None if nothing was told."""
        if not self.count:
            return None
        self._join()
        frame = Events(self.job_no, self.attempt, self._batch_seq, self.count, self._flags, bytes(self._buffer))
        self._buffer.clear()
        self._flags = 0
        self._batch_seq += frame.count
        return frame

    # Events of the engine itself.

    def running(self) -> None:
        self.tick()
        self._tell(JobUpdate(**self._head(), status="running", attempt=self.attempt))

    def node_running(self, node: BoundNode, properties: dict[str, Any]) -> None:
        """Tell that a node fires for the first time, and on what."""
        seq, pieces, values = self.seq, self._pieces, previews(properties)
        is_first = not pieces
        pieces += (self._node_lead, number(NUMBER, seq), self._stamp, node.packed_id, node.told.running, values)
        self.seq = seq + 1
        if is_first:
            self._begin()

    def ended(self, node: BoundNode, kept: dict[str, Any], carried: dict[int, int] | None, *, fired: bool) -> None:
        """Tell that a node is completed, if it fired, and then that its edges are drained.

        Args:
            kept: what it sends on single edges.
            carried: for streaming edges, how much each carried, by its index.
        """
        seq, pieces, stamp, lead = self.seq, self._pieces, self._stamp, self._edge_lead
        is_first = not pieces
        if fired:
            values = previews(kept)
            pieces += (self._node_lead, number(NUMBER, seq), stamp, node.packed_id, node.told.completed, values)
            seq += 1
        for edge in node.edges:
            end = _DRAINED[edge.source_handle in kept] if carried is None else _drained(carried.get(edge.index, 0))
            pieces += (lead, number(NUMBER, seq), stamp, edge.packed_id, end)
            seq += 1
        self.seq = seq
        if is_first and pieces:
            self._begin()

    def node_stopped(self, node: BoundNode, status: Literal["error", "cancelled"], error: str | None = None) -> None:
        """Tell that a node failed, or was stopped because another one did."""
        error = shown(error[:MAX_ERROR]) if error else None
        head = self._head()
        self._tell(
            NodeUpdate(
                **head, node_id=node.id, node_name=node.title, node_type=node.type_name, status=status, error=error
            )
        )

    def carried(self, edge: BoundEdge, counter: int) -> int:
        """Tell that a streaming edge carried a value; return when the next one may be told."""
        self._tell(EdgeUpdate(**self._head(), edge_id=edge.id, status="message_sent", counter=counter))
        return self.now + EDGE_INTERVAL

    def output(self, node: BoundNode, value: Encoded) -> None:
        """Tell that a value reached an output."""
        seq, pieces, (before, after) = self.seq, self._pieces, node.told_output
        is_first = not pieces
        pieces += (self._output_lead, number(NUMBER, seq), self._stamp, before, value.data, after)
        self.seq = seq + 1
        if is_first:
            self._begin()
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
        self._flags |= metadata.flags
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
        return {"job_id": self.job_id, "workflow_id": self.workflow_id, "seq": self.seq, "time": self.now}

    def _look_into(self, node: BoundNode, value: Encoded) -> None:
        self._flags |= value.flags
        self.look_at = 0
        if value.lost_numbers and node.index not in self._warned:
            self._warned.add(node.index)
            self.log(node, "numbers that are NaN or infinite are sent as null", "warning")

    def _tell(self, event: Event) -> None:
        is_first = not self._pieces
        self._pieces += (_encoder.encode(event),)
        self.seq += 1
        if is_first:
            self._begin()
        self.settle()

    def _begin(self) -> None:
        """Something was told since the last ``_join``."""
        if not self._buffer and not self._end_seq:
            self._on_first(self)

    def _join(self) -> None:
        self._buffer += b"".join(self._pieces)
        self._pieces.clear()


class _Lost(list[bytes]):
    """Keeps nothing: where what is told goes after the end."""

    def __iadd__(self, pieces: Iterable[bytes]) -> Self:  # type: ignore[override,misc]  # a list would take any list
        return self


def _drained(counter: int) -> bytes:
    return packed(status="drained", counter=counter)


_DRAINED = (_drained(0), _drained(1))
