"""What a run tells: events are numbered, stamped and encoded here, once, and leave as batches."""

import time
from collections.abc import Callable
from typing import Any

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
from nodetool.protocol.values import Plain

MAX_ERROR = 1000
"""Characters of an error's text in a ``node_update``."""

FLUSH_BYTES = 64 * 1024
"""A batch of this size leaves at once."""

EDGE_INTERVAL = 100
"""Milliseconds between two ``message_sent`` of one edge."""

_encoder = msgspec.msgpack.Encoder()


class Reporter:
    """The voice of one attempt of one job.

    ``on_first`` is called when an event stands in an empty batch, so that whoever sends knows there is something to
    take. ``take`` gives the batch away.
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
        self._edge_times: dict[int, int] = {}

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
        """Tell that a node is ``running``, ``completed``, ``error`` or ``cancelled``. Values come as previews."""
        update = NodeUpdate(
            job_id=self.job_id,
            workflow_id=self.workflow_id,
            seq=self._next_seq,
            time=time.time_ns() // 1_000_000,
            node_id=node.plan.id,
            node_name=node.title,
            node_type=node.type_name,
            status=status,  # type: ignore[arg-type]  # one of four words, written out by the callers
            properties=properties,
            result=result,
            error=error[:MAX_ERROR] if error else error,
        )
        self._tell(update)

    def drained(self, edge: BoundEdge, counter: int) -> None:
        self._edge(edge, "drained", counter)

    def carried(self, edge: BoundEdge, counter: int) -> None:
        """Tell that a streaming edge carried a value; at most ten times a second, and not for the first."""
        if counter < 2:
            return
        now = time.time_ns() // 1_000_000
        if now - self._edge_times.get(edge.index, 0) >= EDGE_INTERVAL:
            self._edge_times[edge.index] = now
            self._edge(edge, "message_sent", counter)

    def output(self, node: BoundNode, kind: str, value: Any) -> tuple[Any, int]:
        """Tell that a value reached an output; return it in its plain form, and the bytes it takes.

        Raises Unsendable.
        """
        value = self._plain(node, value)
        before = self.size
        name = node.plan.name
        self._tell(
            OutputUpdate(
                **self._head(),
                node_id=node.plan.id,
                node_name=name,
                output_name=name,
                value=value,
                output_type=kind,
                metadata={},
            )
        )
        return value, self.size - before

    # What nodes say.

    def preview(self, node: BoundNode, value: Any) -> None:
        """Tell of a value at a preview. Raises Unsendable."""
        self._tell(PreviewUpdate(**self._head(), node_id=node.plan.id, value=self._plain(node, value)))

    def progress(self, node: BoundNode, progress: int, total: int, chunk: str) -> None:
        total = max(1, total)
        self._tell(
            NodeProgress(
                **self._head(),
                node_id=node.plan.id,
                node_name=node.title,
                progress=max(0, min(progress, total)),
                total=total,
                chunk=chunk,
            )
        )

    def log(self, node: BoundNode, content: str, severity: Severity) -> None:
        self._tell(
            LogUpdate(**self._head(), node_id=node.plan.id, node_name=node.title, content=content, severity=severity)
        )

    def print(self, line: str) -> None:
        """Tell what some node of the run printed; which one is not known."""
        self._tell(LogUpdate(**self._head(), node_id="", node_name="", content=line, severity="info"))

    def chunk(
        self, node: BoundNode, content: str, content_type: str, content_metadata: dict[str, Any], done: bool
    ) -> None:
        self._tell(
            ChunkUpdate(
                **self._head(),
                node_id=node.plan.id,
                content=content,
                content_type=content_type,
                content_metadata=content_metadata,
                done=done,
            )
        )

    def notify(self, node: BoundNode, content: str, severity: Severity) -> None:
        self._tell(Notification(**self._head(), node_id=node.plan.id, content=content, severity=severity))

    # How it is told.

    def _head(self) -> Any:
        return {
            "job_id": self.job_id,
            "workflow_id": self.workflow_id,
            "seq": self._next_seq,
            "time": time.time_ns() // 1_000_000,
        }

    def _edge(self, edge: BoundEdge, status: str, counter: int) -> None:
        self._tell(
            EdgeUpdate(
                job_id=self.job_id,
                workflow_id=self.workflow_id,
                seq=self._next_seq,
                time=time.time_ns() // 1_000_000,
                edge_id=edge.id,
                status=status,  # type: ignore[arg-type]  # one of two words, written out by the callers
                counter=counter,
            )
        )

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

    def _plain(self, node: BoundNode, value: Any) -> Any:
        if type(value) is str:
            return value
        plain = Plain()
        value = plain.of(value)
        self._flags |= plain.flags
        if plain.lost_numbers:
            count = plain.lost_numbers
            self.log(node, f"{count} number(s) that are NaN or infinite were sent as null", "warning")
        return value
