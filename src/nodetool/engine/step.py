"""A node in one run: the values that wait for it, its instance, and who waits for room in its inbox."""

import asyncio
from collections import deque
from time import perf_counter_ns
from typing import Any, Literal

import msgspec

from nodetool.engine.bind import BoundEdge, BoundNode
from nodetool.engine.context import NodeContext
from nodetool.engine.gate import Gate, InOrder, Row, gate_for
from nodetool.graph.plan import PlanInput
from nodetool.protocol.events import NodeStats

CAPACITY = 64
"""Items that wait on a streaming handle before its senders have to."""

State = Literal["idle", "started", "running", "ended"]
"""``started``: it has a task, or will get one; ``running``: it has fired."""


class Step(msgspec.Struct, eq=False):
    """One node in one run. A graph may have ten thousand of them, so what most do not need is made when it is."""

    node: BoundNode
    open_edges: int
    inbox: "Inbox | None"
    """None for a node that fires once, when all its edges have ended."""
    state: State = "idle"
    row: Row | None = None
    """The values of single handles."""
    positions: dict[str, int] | None = None
    """Where branches meet at a single handle: the place of the edge whose value is kept."""
    kept: Row | None = None
    """What goes out on single edges when the node ends."""
    wires: "dict[str, list[Wire]] | None" = None
    """Streaming out-edges by out-handle; those that never carried anything may be missing."""
    instance: Any = None
    context: NodeContext | None = None
    began: int = 0
    """When it first fired, if it has a task: nanoseconds of a clock that nobody sets."""
    firings: int = 0
    waited: int = 0
    """Nanoseconds since then for arrivals and for room."""
    waits: int = 0
    """Places in the node's task that wait for an arrival or for room."""

    def stats(self) -> NodeStats | None:
        """Return what it has done, if it has a task and has fired."""
        if not self.began:
            return None
        took = perf_counter_ns() - self.began
        if self.inbox and self.inbox.is_direct:  # what it did, it did in the turns of others
            self.waited = took
        return NodeStats(self.firings, took // 1000, min(self.waited, took) // 1000)

    def take(self, edge: BoundEdge, value: Any) -> None:
        """Take the value of a single edge; of several, keep that of the last in document order that carried one."""
        if self.row is None:
            self.row = {}
        if edge.position >= 0:
            self.positions = self.positions or {}
            if edge.position < self.positions.get(edge.handle, 0):
                return
            self.positions[edge.handle] = edge.position
        self.row[edge.handle] = value

    def complete_row(self) -> Row | None:
        """Return the values of a node that fires once; None if a handle got nothing, and then it never fires."""
        row = self.row or {}
        return row if len(row) == self.node.handles else None

    def end(self) -> None:
        """Let go of every value: an ended step may stay for as long as the run."""
        self.state = "ended"
        self.row = self.kept = self.instance = None
        if self.inbox:
            self.inbox.gate.give_up()


def steps_of(nodes: list[BoundNode], capacity: int) -> list[Step]:
    """Return the steps of a run; an inbox has room for *capacity* items on each handle at first."""
    return [Step(node, node.in_edges, None if node.gate == "once" else Inbox(node, capacity)) for node in nodes]


class Inbox:
    """What comes in for a node with streams: its gate, its handles, and what waits for them."""

    __slots__ = ("blocked", "gate", "handles", "is_direct", "waiters")

    def __init__(self, node: BoundNode, capacity: int) -> None:
        self.handles = {entry.handle: Handle(entry, capacity) for entry in node.inputs}
        streams = [name for name, handle in self.handles.items() if handle.is_stream]
        self.gate: Gate = gate_for(node.gate, streams, [name for name in self.handles if name not in streams])
        self.is_direct = node.is_direct
        """Its items are taken in the turn of their sender, and none waits here."""
        self.blocked = False
        """Some sender waits for room."""
        self.waiters: list[asyncio.Future[None]] = []
        """Resolved when something arrives, or a handle closes."""

    @property
    def was_skipped(self) -> bool:
        """A branch that leads here was not taken."""
        return any(not handle.open and not handle.carried for handle in self.handles.values())

    @property
    def knows_why(self) -> bool:
        """It is known of a node that never fires whether that is because a branch was not taken."""
        return self.was_skipped or all(handle.carried for handle in self.handles.values())


class Handle:
    """A connected in-handle of a node with streams: how many of its edges are still open, and who waits for room."""

    __slots__ = ("capacity", "carried", "in_order", "is_stream", "open", "senders")

    def __init__(self, entry: PlanInput, capacity: int) -> None:
        self.open = len(entry.edges)
        self.is_stream = entry.streams or entry.reads
        self.carried = False
        """An edge ended that was not skipped, or an item came."""
        self.capacity = capacity
        self.senders: deque[tuple[Step, asyncio.Future[None]]] = deque()
        self.in_order = InOrder(self.open) if entry.reads and not entry.streams else None


class Wire:
    """A streaming edge in one run: how much it carried, and the inbox that it leads to."""

    __slots__ = ("counter", "due", "edge", "gate", "handle", "inbox", "is_direct", "items", "name", "push", "target")

    def __init__(self, edge: BoundEdge, target: Step) -> None:
        assert target.inbox is not None
        self.edge = edge
        self.name = edge.handle
        self.target = target
        self.inbox = target.inbox
        self.gate = target.inbox.gate
        self.handle = target.inbox.handles[edge.handle]
        self.push = self.gate.push
        self.is_direct = target.inbox.is_direct
        self.items = self.gate.waiting[edge.handle]
        self.counter = 0
        self.due = 0
        """When its next ``message_sent`` may be told."""
