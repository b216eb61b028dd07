"""What a run tells: events are numbered, stamped and encoded here, once, and leave as batches."""

import time
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Literal

import msgspec

from nodetool.engine.bind import BoundEdge, BoundNode
from nodetool.engine.pieces import NUMBER, lead, number, packed, stamp
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
from nodetool.protocol.values import Plain, Unsendable, preview

MAX_ERROR = 1000
"""Characters of an error's text in a ``node_update``."""

MAX_SHOWN = 1 << 18
"""Characters of a text, or bytes of a value, that a node may show at once. Results have a limit of their own."""

MAX_TOTAL = 2**53 - 1
"""The largest integer that every reader can hold."""

MAX_HANDLES = 64
"""Handles of a node whose values are shown in its ``node_update``."""

SMALL = 256
"""Bytes of all values together, up to which each of them is surely small."""

FLUSH_BYTES = 64 * 1024
"""A batch of this size leaves at once."""

EDGE_INTERVAL = 100
"""Milliseconds between two ``message_sent`` of one edge."""

_encoder = msgspec.msgpack.Encoder()


class Reporter:
    """The voice of one attempt of one job.

    ``on_first`` is called when an event stands in an empty batch, so that whoever sends knows there is something to
    take. ``take`` gives the batch away.

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
        self.size = 0
        """Bytes in the batch."""
        self.seq = next_seq
        """The number of the next event."""
        self._first_seq = self._batch_seq = next_seq
        """Those of the first event of the attempt, and of the first in the batch."""
        self._flags = 0
        self._buffer = bytearray()
        self._node_lead = lead("node_update", 10, job_id, workflow_id)
        self._edge_lead = lead("edge_update", 8, job_id, workflow_id)
        self._output_lead = lead("output_update", 11, job_id, workflow_id)
        self._on_first = on_first
        self._is_open = True
        self._warned: set[int] = set()
        """Nodes that have sent a number that is none."""
        self.tick()

    @property
    def count(self) -> int:
        """Events in the batch."""
        return self.seq - self._batch_seq

    @property
    def total(self) -> int:
        """Events since the attempt began."""
        return self.seq - self._first_seq

    def tick(self) -> None:
        """Look at the clock."""
        self.set_time(time.time_ns() // 1_000_000)

    def set_time(self, now: int) -> None:
        self.now = now
        self._stamp = stamp(now)

    def close(self) -> None:
        """Tell nothing more: what a node that does not stop says after the end of the run is lost."""
        self._is_open = False

    def take(self) -> Events | None:
        """Return the batch as a frame, and begin the next; None if nothing was told."""
        if not self.count:
            return None
        frame = Events(self.job_no, self.attempt, self._batch_seq, self.count, self._flags, bytes(self._buffer))
        self._buffer.clear()
        self.size = self._flags = 0
        self._batch_seq = self.seq
        return frame

    # Events of the engine itself.

    def running(self) -> None:
        self.tick()
        self._tell(JobUpdate(**self._head(), status="running", attempt=self.attempt))

    def node_running(self, node: BoundNode, properties: dict[str, Any]) -> None:
        """Tell that a node fires for the first time, and on what."""
        seq, shown = self.seq, _previews(properties)
        pieces = (self._node_lead, number(NUMBER, seq), self._stamp, node.packed_id, node.told.running, shown)
        self._put(pieces, seq + 1)

    def ended(self, node: BoundNode, kept: dict[str, Any], carried: dict[int, int] | None, *, fired: bool) -> None:
        """Tell that a node is completed, if it fired, and then that its edges are drained.

        Args:
            kept: what it sends on single edges.
            carried: for streaming edges, how much each carried, by its index.
        """
        seq, stamp, lead = self.seq, self._stamp, self._edge_lead
        pieces: list[bytes] = []
        if fired:
            pieces = [self._node_lead, number(NUMBER, seq), stamp, node.packed_id, node.told.completed, _previews(kept)]
            seq += 1
        for edge in node.edges:
            end = _DRAINED[edge.source_handle in kept] if carried is None else _drained(carried.get(edge.index, 0))
            pieces += (lead, number(NUMBER, seq), stamp, edge.packed_id, end)
            seq += 1
        if pieces:
            self._put(pieces, seq)

    def node_stopped(self, node: BoundNode, status: Literal["error", "cancelled"], error: str | None = None) -> None:
        """Tell that a node failed, or was stopped because another one did."""
        error = _shown(error[:MAX_ERROR]) if error else None
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

    def output(self, node: BoundNode, value: "Encoded") -> None:
        """Tell that a value reached an output."""
        seq, (before, after) = self.seq, node.told_output
        self._flags |= value.flags
        self._put((self._output_lead, number(NUMBER, seq), self._stamp, before, value.data, after), seq + 1)
        if value.lost_numbers:
            self._warn_of_numbers(node)

    # What nodes say.

    def preview(self, node: BoundNode, value: "Encoded") -> None:
        """Tell of a value at a preview, or how a large one begins."""
        if len(value.data) > MAX_SHOWN:
            value = encoded(preview(value.plain))
        self._flags |= value.flags
        self._tell(PreviewUpdate(**self._head(), node_id=node.id, value=msgspec.Raw(value.data)))
        if value.lost_numbers:
            self._warn_of_numbers(node)

    def progress(self, node: BoundNode, progress: int, total: int, chunk: str) -> None:
        total = max(1, min(total, MAX_TOTAL))
        self._tell(
            NodeProgress(
                **self._head(),
                node_id=node.id,
                node_name=node.title,
                progress=max(0, min(progress, total)),
                total=total,
                chunk=_shown(chunk),
            )
        )

    def log(self, node: BoundNode, content: str, severity: Severity) -> None:
        content = _shown(content)
        self._tell(LogUpdate(**self._head(), node_id=node.id, node_name=node.title, content=content, severity=severity))

    def print(self, line: str) -> None:
        """Tell what some node of the run printed; which one is not known. Called by the runner's process."""
        self._tell(LogUpdate(**self._head(), node_id="", node_name="", content=line, severity="info"))

    def chunk(self, node: BoundNode, content: str, content_type: str, metadata: "Encoded", done: bool) -> None:
        self._flags |= metadata.flags
        self._tell(
            ChunkUpdate(
                **self._head(),
                node_id=node.id,
                content=_shown(content),
                content_type=content_type,
                content_metadata=metadata.plain,
                done=done,
            )
        )

    def notify(self, node: BoundNode, content: str, severity: Severity) -> None:
        self._tell(Notification(**self._head(), node_id=node.id, content=_shown(content), severity=severity))

    # How it is told.

    def _head(self) -> Any:
        return {"job_id": self.job_id, "workflow_id": self.workflow_id, "seq": self.seq, "time": self.now}

    def _warn_of_numbers(self, node: BoundNode) -> None:
        if node.index not in self._warned:
            self._warned.add(node.index)
            self.log(node, "numbers that are NaN or infinite are sent as null", "warning")

    def _tell(self, event: Event) -> None:
        self._put((_encoder.encode(event),), self.seq + 1)

    def _put(self, pieces: Iterable[bytes], seq: int) -> None:
        """Put some events into the batch; the number of the next one is *seq*."""
        if not self._is_open:
            return
        buffer, is_first = self._buffer, not self.size
        buffer += b"".join(pieces)
        self.seq = seq
        self.size = size = len(buffer)
        if is_first or size >= FLUSH_BYTES:
            self._on_first(self)


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """A value that may be sent."""

    plain: Any
    data: bytes
    """As MessagePack."""
    flags: int
    lost_numbers: int
    """How many numbers in it were NaN or infinite, and are null now."""


def encoded(value: Any) -> Encoded:
    """Encode a value to be sent. May be called in a thread. Raises Unsendable."""
    try:
        if type(value) is str:
            return Encoded(value, _encoder.encode(value), 0, 0)
        plain = Plain()
        value = plain.of(value)
        return Encoded(value, _encoder.encode(value), plain.flags, plain.lost_numbers)
    except UnicodeEncodeError as error:
        raise Unsendable("a text that is not valid Unicode cannot be sent") from error
    except RecursionError as error:
        raise Unsendable("a value nested this deep cannot be sent") from error


def _drained(counter: int) -> bytes:
    return packed(status="drained", counter=counter)


_DRAINED = (_drained(0), _drained(1))


def _previews(values: dict[str, Any]) -> bytes:
    """Return how the values of a node are shown, as MessagePack."""
    for value in values.values():
        if type(value) is not str:
            break
    else:  # texts are what there is most of; small ones are shown as they are
        try:
            data = _encoder.encode(values)
            if len(data) <= SMALL:
                return data
        except UnicodeEncodeError:
            pass  # a half of a character: ``preview`` replaces it
    shown = values if len(values) <= MAX_HANDLES else dict(islice(values.items(), MAX_HANDLES))
    return _encoder.encode({handle: preview(value) for handle, value in shown.items()})


def _shown(text: str) -> str:
    """Return *text* so that it can be sent: not too long, and without halves of characters."""
    if len(text) > MAX_SHOWN:
        text = f"{text[:MAX_SHOWN]}…"
    return text if text.isascii() else text.encode(errors="replace").decode()
