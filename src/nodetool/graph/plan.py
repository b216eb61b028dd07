"""What a runner has to know to run a graph. Made once a version: all that can be decided before a run is in it."""

from typing import Any, Literal

import msgspec

from nodetool.protocol.descriptions import Role, Runs

PLANNER = 5
"""Part of a plan's hash: raised when the same document would make another plan."""

Gate = Literal["once", "on_any", "zip_all", "reader"]
"""When a node fires: once, when all its edges have ended; per item, by arrival or in step; or once, reading itself."""


class PlanType(msgspec.Struct, array_like=True, frozen=True):
    """A node type, and where its class is."""

    name: str
    title: str
    module: str
    qualname: str
    path: str | None
    version: str
    """Stands for its code."""
    checkpoint: bool
    """What it sent is kept for later attempts of the job."""
    timeout: float
    """Seconds of one firing; 0 is no limit."""
    secrets: list[str] = []
    """The names of the secrets that its nodes may read."""


class PlanInput(msgspec.Struct, array_like=True, frozen=True):
    """An in-handle with edges. ``edges`` are indexes into the plan's edges, in document order."""

    handle: str
    streams: bool
    """Some of its edges stream: values come item by item through an inbox."""
    reads: bool
    """The node reads it itself, as a ``Stream``."""
    dynamic: bool
    """It is no field of the class: the value goes into ``dynamic``."""
    edges: list[int]


class PlanNode(msgspec.Struct, array_like=True, frozen=True):
    """A node, by its place in the plan. Comments and groups are not there."""

    id: str
    type: int
    """Index into the plan's types."""
    role: Role
    name: str
    """What users call it: for inputs and outputs the name of the param or output, else the title of the type."""
    values: dict[str, Any]
    """Set properties, without those that have an edge. Plain, and already of the right type."""
    dynamic: dict[str, Any]
    """Set dynamic properties, without those that have an edge."""
    gate: Gate
    yields: bool
    runs: Runs
    inputs: list[PlanInput]
    outputs: dict[str, list[int]]
    """The edges of each out-handle that has any, in document order."""
    calls: int = -1
    """Index into the workflows that the plan calls; -1 for a node that calls none."""


class PlanEdge(msgspec.Struct, array_like=True, frozen=True):
    """A connection. Nodes are indexes into the plan's nodes."""

    id: str
    source: int
    source_handle: str
    target: int
    target_handle: str
    streams: bool


class PlanOutput(msgspec.Struct, array_like=True, frozen=True):
    """What one property of the result is made of."""

    name: str
    node: int
    kind: Literal["value", "list", "text"]
    """The value itself; all that came, in order; or the joined content of text chunks."""
    type: str
    """``output_type`` of its events: string, integer, list …"""


class PlanParam(msgspec.Struct, array_like=True, frozen=True):
    """An input of the workflow."""

    name: str
    node: int
    required: bool
    is_secret: bool = False
    """Its value is not to be seen in events."""
    min: float | None = None
    max: float | None = None
    streams: bool = False
    """Its items come one by one, and what a param gives is a list of them."""


class Plan(msgspec.Struct, array_like=True, frozen=True):
    """A graph, ready to run. Static values, gates and list outputs are decided here, never by the data."""

    types: list[PlanType]
    nodes: list[PlanNode]
    edges: list[PlanEdge]
    params: list[PlanParam]
    outputs: list[PlanOutput]
    runs: Runs
    """The most demanding class of its nodes."""
    called: list["PlanCalled"] = []
    """The workflows that its nodes call, and those that they call: all of them are here, and none in a called plan."""

    @property
    def plans(self) -> list["Plan"]:
        """This plan, and those of the workflows that are called."""
        return [self, *(one.plan for one in self.called)]

    def node_at(self, index: int) -> tuple["PlanNode", PlanType] | None:
        """Return the node with an index in the whole plan, and its type; None if there is none."""
        for plan, offset in [(self, 0), *((one.plan, one.offset) for one in self.called)]:
            if 0 <= index - offset < len(plan.nodes):
                node = plan.nodes[index - offset]
                return node, plan.types[node.type]
        return None

    @property
    def secrets(self) -> set[str]:
        """The names of all secrets that its nodes may read."""
        return {name for plan in self.plans for kind in plan.types for name in kind.secrets}

    @property
    def keeps(self) -> bool:
        """Something that its nodes send is kept for later attempts."""
        return any(kind.checkpoint for plan in self.plans for kind in plan.types)


class PlanCalled(msgspec.Struct, array_like=True, frozen=True):
    """A workflow that nodes of a plan call. Its own plan has no ``called``: its nodes call by the same indexes."""

    name: str
    plan: Plan
    offset: int
    """What is added to the index of each of its nodes, so that it is one of its own in the whole plan."""


def shorter(one: float, other: float) -> float:
    """Return the smaller of two limits in seconds, of which 0 is none."""
    return min(filter(None, (one, other)), default=0.0)
