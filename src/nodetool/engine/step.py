"""A node in one run: its instance, the values that wait for it, and who waits for room in its inbox."""

import asyncio
from collections import deque
from typing import Any, Literal

from nodetool.engine.bind import BoundNode
from nodetool.engine.context import NodeContext
from nodetool.engine.gate import NOTHING, Gate, InOrder, OnAny, Reader, Row, ZipAll
from nodetool.graph.plan import PlanInput
from nodetool.sdk.node import Node

CAPACITY = 64
"""Items that wait on a streaming handle before its senders have to."""

_GATES: dict[str, type[Gate]] = {"on_any": OnAny, "zip_all": ZipAll, "reader": Reader}


class Handle:
    """A connected in-handle: how many of its edges are still open, and what they brought."""

    __slots__ = ("capacity", "carried", "in_order", "is_stream", "open", "position", "senders", "value")

    def __init__(self, entry: PlanInput, singles_only: bool) -> None:
        self.open = len(entry.edges)
        self.is_stream = entry.streams or entry.reads
        self.carried = False
        """An edge ended that was not skipped, or an item came."""
        self.value: Any = NOTHING
        self.position = -1
        self.capacity = CAPACITY
        self.senders: deque[tuple[Step, asyncio.Future[None]]] = deque()
        self.in_order = InOrder(len(entry.edges)) if self.is_stream and singles_only else None

    def keep(self, position: int, value: Any) -> None:
        """Keep the value of a single edge; of several, that of the last in document order that carried one."""
        if position > self.position:
            self.position, self.value = position, value


class Step:
    """One node in one run."""

    __slots__ = (
        "context",
        "gate",
        "handles",
        "instance",
        "kept",
        "node",
        "open_edges",
        "sent",
        "state",
        "waiters",
        "waits",
    )

    def __init__(self, node: BoundNode, edge_streams: list[bool]) -> None:
        self.node = node
        self.open_edges = node.in_edges
        self.handles = {
            entry.handle: Handle(entry, not any(edge_streams[edge] for edge in entry.edges))
            for entry in node.plan.inputs
        }
        self.gate = self._gate()
        self.state: Literal["idle", "started", "running", "ended"] = "idle"
        """``started``: it has a task; ``running``: it has fired."""
        self.sent: dict[int, int] = {}
        """How many values each out-edge carried."""
        self.instance: Node | None = None
        self.context: NodeContext | None = None
        self.kept: Row = {}
        """What goes out on single edges when the node ends."""
        self.waiters: list[asyncio.Future[None]] = []
        """Resolved when something arrives, or a handle closes."""
        self.waits = 0
        """Places in the node's task that wait for an arrival or for room."""

    @property
    def gated(self) -> Gate:
        """The gate of a step that has one."""
        assert self.gate is not None
        return self.gate

    def single_values(self) -> Row | None:
        """Return the value of every single handle, or None if one has none: then the node never fires."""
        row = {name: handle.value for name, handle in self.handles.items()}
        return None if any(value is NOTHING for value in row.values()) else row

    def _gate(self) -> Gate | None:
        kind = _GATES.get(self.node.plan.gate)
        if kind is None:
            return None
        streams = [name for name, handle in self.handles.items() if handle.is_stream]
        return kind(streams, [name for name in self.handles if name not in streams])
