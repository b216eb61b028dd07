"""A graph with its node types found and its edges by node: what every other look at a graph begins with."""

from collections.abc import Mapping
from typing import Any

import msgspec

from nodetool.graph.callee import WORKFLOW_ID, Callee, Trouble
from nodetool.graph.catalogue import Catalogue, Kind
from nodetool.graph.settings import NOTHING, Settings, settings
from nodetool.protocol.descriptions import ANY, TypeMetadata
from nodetool.protocol.documents import Graph, GraphEdge, GraphNode

Callees = Mapping[str, Callee | Trouble]

NOBODY: Callees = {}


class Wire(msgspec.Struct, frozen=True, gc=False):
    """An edge that counts. Nodes are indexes into the wiring's nodes."""

    id: str
    source: int
    source_handle: str
    target: int
    target_handle: str


class Wired(msgspec.Struct):
    """A node that counts, and the wires at each of its handles, by index and in document order."""

    node: GraphNode
    kind: Kind | None
    """None: the type is unknown."""
    incoming: dict[str, list[int]]
    outgoing: dict[str, list[int]]
    settings: Settings
    callee: Callee | Trouble | None = None
    """The workflow that it calls; None if it names none."""

    @property
    def name(self) -> str:
        """What users call an input or an output; empty if it has no name."""
        given = self.settings.get(self.kind, "name") if self.kind else None
        return given if isinstance(given, str) else ""

    @property
    def is_secret(self) -> bool:
        """It is an input whose value nobody is to see: its data says ``"secret": true``."""
        return (self.node.data or {}).get("secret") is True

    @property
    def is_streamed(self) -> bool:
        """It is an input whose items come one by one while the run goes on: its data says ``"stream": true``."""
        role = self.kind.description.role if self.kind else None
        return role == "input" and (self.node.data or {}).get("stream") is True

    @property
    def yields(self) -> bool:
        """Items come from it one by one, whatever comes in."""
        return self.kind is not None and (self.kind.description.yields or self.is_streamed)

    def in_type(self, handle: str) -> TypeMetadata | None:
        """Return the type of an in-handle; None if the node does not take it, or is of an unknown type."""
        if self.kind is None:
            return None
        declared = self.kind.properties.get(handle)
        if declared is not None:
            return declared.type
        if isinstance(self.callee, Callee):
            return self.callee.inputs.get(handle)
        return ANY if self.kind.description.is_dynamic else None

    def out_type(self, handle: str) -> TypeMetadata | None:
        """Return the type of an out-handle; None if the node does not have it, or is of an unknown type."""
        if self.kind is None:
            return None
        declared = self.kind.outputs.get(handle)
        if declared is not None:
            return declared.type
        if isinstance(self.callee, Callee):
            of_a_run, by_item = self.callee.outputs, self.callee.items
            return (by_item if self.kind.description.calls == "stream" else of_a_run).get(handle)
        if self.node.dynamic_outputs and handle in self.node.dynamic_outputs:
            return _type_of(self.node.dynamic_outputs[handle])
        return ANY if self.kind.description.supports_dynamic_outputs else None


class Wiring(msgspec.Struct, frozen=True):
    """Nodes and edges in document order, without comments, groups, and the edges at them."""

    nodes: list[Wired]
    wires: list[Wire]

    def with_role(self, role: str) -> list[tuple[int, Wired, Kind]]:
        """Return the nodes of a role, each with its index and its type."""
        return [
            (index, one, one.kind)
            for index, one in enumerate(self.nodes)
            if one.kind is not None and one.kind.description.role == role
        ]


def wire(graph: Graph, catalogue: Catalogue, callees: Callees = NOBODY) -> Wiring:
    """Join *graph* with the types of *catalogue*. Each edge has to have its nodes, as ``read_graph`` sees to.

    *callees* has the workflows that its nodes call, by id: as ``calls.Linker`` finds them.
    """
    found = (Wired(node, catalogue.kind(node.type), {}, {}, NOTHING) for node in graph.nodes)
    nodes = [one for one in found if not _is_note(one)]
    wires = _wires(graph.edges, nodes)
    for one in nodes:
        if one.kind is not None:
            one.callee = callees.get(called_id(one.node)) if one.kind.description.calls else None
            one.settings = settings(one.node, one.kind, one.incoming, one.callee)
    return Wiring(nodes, wires)


def called_id(node: GraphNode) -> str:
    """Return the id of the workflow that a node calls; empty if its document names none."""
    given = (node.data or {}).get(WORKFLOW_ID)
    return given if isinstance(given, str) else ""


def _is_note(one: Wired) -> bool:
    return one.kind is not None and one.kind.description.role == "note"


def _wires(edges: list[GraphEdge], nodes: list[Wired]) -> list[Wire]:
    places = {one.node.id: place for place, one in enumerate(nodes)}
    wires: list[Wire] = []
    for index, edge in enumerate(edges):
        source, target = places.get(edge.source), places.get(edge.target)
        if source is not None and target is not None:
            nodes[source].outgoing.setdefault(edge.source_handle, []).append(len(wires))
            nodes[target].incoming.setdefault(edge.target_handle, []).append(len(wires))
            wires.append(Wire(edge.id or f"e{index}", source, edge.source_handle, target, edge.target_handle))
    return wires


def _type_of(declared: Any) -> TypeMetadata:
    """The type that a document gives to an output of its own; what cannot be read is ``any``."""
    try:
        return msgspec.convert(declared, TypeMetadata)
    except msgspec.ValidationError:
        return ANY
