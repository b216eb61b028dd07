"""What a run tells: events are numbered, stamped and encoded here, once, and leave as batches."""

import time
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from nodetool.engine.bind import BoundEdge, BoundNode
from nodetool.protocol.events import (
    ChunkUpdate,
    EdgeUpdate,
    Event,
    JobUpdate,
    LogUpdate,
    NodeProgress,
    NodeUpdate,
    Notification,
    OutputUpdate,
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
        self.now = 0
        """Milliseconds since 1970."""
        self.count = 0
        self.size = 0
        """Bytes in the batch."""
        self.total = 0
        """Events since the attempt began."""
        self._next_seq = next_seq
        self._flags = 0
        self._buffer = bytearray()
        self._on_first = on_first
        self._is_open = True
        self._warned: set[int] = set()
        """Nodes that have sent a number that is none."""

    def tick(self) -> int:
        """Look at the clock."""
        self.now = time.time_ns() // 1_000_000
        return self.now

    def close(self) -> None:
        """Tell nothing more: what a node that does not stop says after the end of the run is lost."""
        self._is_open = False

    def take(self) -> Events | None:
        """Return the batch as a frame, and begin the next; None if nothing was told."""
        if not self.count:
            return None
        first = self._next_seq - self.count
        frame = Events(self.job_no, self.attempt, first, self.count, self._flags, bytes(self._buffer))
        self._buffer.clear()
        self.count = self.size = self._flags = 0
        return frame

    # Events of the engine itself.

    def running(self) -> None:
        self.tick()
        self._tell(JobUpdate(**self._head(), status="running", attempt=self.attempt))

    def node(
        self,
        node: BoundNode,
        status: str,
        *,
        properties: dict[str, Any] | None = None,
        result: dict[str, Any] | None = None,
        error: str | None = None,
    ) -> None:
        """Tell that a node is ``running``, ``completed``, ``error`` or ``cancelled``, with previews of its values."""
        update = NodeUpdate(
            job_id=self.job_id,
            workflow_id=self.workflow_id,
            seq=self._next_seq,
            time=self.now,
            node_id=node.id,
            node_name=node.title,
            node_type=node.type_name,
            status=status,  # type: ignore[arg-type]  # one of four words, written out by the callers
            properties=None if properties is None else _previews(properties),
            result=None if result is None else _previews(result),
            error=_shown(error[:MAX_ERROR]) if error else error,
        )
        self._tell(update)

    def drained(self, edge: BoundEdge, counter: int) -> None:
        self._edge(edge, "drained", counter)

    def carried(self, edge: BoundEdge, counter: int) -> int:
        """Tell that a streaming edge carried a value; return when the next one may be told."""
        self._edge(edge, "message_sent", counter)
        return self.now + EDGE_INTERVAL

    def output(self, node: BoundNode, kind: str, value: "Encoded") -> None:
        """Tell that a value reached an output."""
        self._flags |= value.flags
        self._tell(
            OutputUpdate(
                job_id=self.job_id,
                workflow_id=self.workflow_id,
                seq=self._next_seq,
                time=self.now,
                node_id=node.id,
                node_name=node.name,
                output_name=node.name,
                value=msgspec.Raw(value.data),
                output_type=kind,
                metadata={},
            )
        )
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
        return {"job_id": self.job_id, "workflow_id": self.workflow_id, "seq": self._next_seq, "time": self.now}

    def _edge(self, edge: BoundEdge, status: str, counter: int) -> None:
        self._tell(
            EdgeUpdate(
                job_id=self.job_id,
                workflow_id=self.workflow_id,
                seq=self._next_seq,
                time=self.now,
                edge_id=edge.id,
                status=status,  # type: ignore[arg-type]  # one of two words, written out by the callers
                counter=counter,
            )
        )

    def _warn_of_numbers(self, node: BoundNode) -> None:
        if node.index not in self._warned:
            self._warned.add(node.index)
            self.log(node, "numbers that are NaN or infinite are sent as null", "warning")

    def _tell(self, event: Event) -> None:
        if not self._is_open:
            return
        buffer = self._buffer
        _encoder.encode_into(event, buffer, self.size)
        self.size = len(buffer)
        self._next_seq += 1
        self.count += 1
        self.total += 1
        if self.count == 1 or self.size >= FLUSH_BYTES:
            self._on_first(self)


class Encoded(NamedTuple):
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


def _previews(values: dict[str, Any]) -> dict[str, Any]:
    shown = values if len(values) <= MAX_HANDLES else dict(islice(values.items(), MAX_HANDLES))
    return {handle: preview(value) for handle, value in shown.items()}


def _shown(text: str) -> str:
    """Return *text* so that it can be sent: not too long, and without halves of characters."""
    if len(text) > MAX_SHOWN:
        text = f"{text[:MAX_SHOWN]}…"
    return text if text.isascii() else text.encode(errors="replace").decode()
