"""Where the time of a job went, node by node: folded from its events, which tell all of it. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from nodetool.graph.plan import Plan
from nodetool.jobs.cursor import Batch
from nodetool.protocol import codec
from nodetool.protocol.answers import NodeProfile
from nodetool.protocol.events import EdgeUpdate, JobUpdate, NodeUpdate

Path = tuple[str, ...]
"""The nodes that lead to a workflow that is called; its calls are added up."""

Ends = Mapping[str, tuple[str, str]]
"""From which node to which each edge of a graph goes."""


class Place(NamedTuple):
    """A node, and where it is."""

    path: Path
    node_id: str


class Profile:
    """Takes the events of a job in their order. Of several attempts the last one counts."""

    def __init__(self, plan: Plan | None) -> None:
        self._plan = plan
        self._ends: dict[Path, Ends] = {}
        self._begin(1)

    def take(self, batch: Batch) -> None:
        for event in codec.events_of(batch.count, batch.data):
            match event:
                case NodeUpdate():
                    self._node(event)
                case EdgeUpdate(status="drained"):
                    self._edge(event)
                case JobUpdate(status="running"):
                    self._begin(event.attempt or 1)

    def nodes(self) -> list[NodeProfile]:
        """Return the nodes that fired, those that worked longest first."""
        for place, node in self._fired.items():
            node.items_in, node.items_out = self._in[place], self._out[place]
        return sorted(self._fired.values(), key=lambda node: (node.waiting_ms - node.wall_ms, node.path, node.node_id))

    def _begin(self, attempt: int) -> None:
        self.attempt = attempt
        self._fired: dict[Place, NodeProfile] = {}
        self._in: Counter[Place] = Counter()
        self._out: Counter[Place] = Counter()
        self._since: dict[tuple[str | int, ...], int] = {}
        """When the nodes began that have not ended, by their paths with the numbers of the calls."""

    def _node(self, event: NodeUpdate) -> None:
        node, where = self._at(event), (*(event.path or ()), event.node_id)
        node.status = event.status
        if event.status == "running":
            self._since[where] = event.time
            return
        began = self._since.pop(where, event.time)
        if event.stats is None:  # it had no task of its own, and was called once
            node.firings += 1
            node.wall_ms += event.time - began
        else:
            node.firings += event.stats.firings
            node.wall_ms += event.stats.took_us / 1000
            node.waiting_ms += event.stats.waited_us / 1000

    def _edge(self, event: EdgeUpdate) -> None:
        path = _ids(event.path)
        source, target = self._ends_at(path).get(event.edge_id, ("", ""))
        self._out[Place(path, source)] += event.counter
        self._in[Place(path, target)] += event.counter

    def _at(self, event: NodeUpdate) -> NodeProfile:
        place = Place(_ids(event.path), event.node_id)
        if place not in self._fired:
            self._fired[place] = NodeProfile(
                path=[*place.path], node_id=event.node_id, node_name=event.node_name, node_type=event.node_type
            )
        return self._fired[place]

    def _ends_at(self, path: Path) -> Ends:
        if path not in self._ends:
            self._ends[path] = _ends(_plan_at(self._plan, path))
        return self._ends[path]


def _plan_at(whole: Plan | None, path: Path) -> Plan | None:
    plan = whole
    for id in path:
        calls = next((node.calls for node in plan.nodes if node.id == id), -1) if plan else -1
        plan = whole.called[calls].plan if whole and calls >= 0 else None
    return plan


def _ends(plan: Plan | None) -> Ends:
    if plan is None:
        return {}
    return {edge.id: (plan.nodes[edge.source].id, plan.nodes[edge.target].id) for edge in plan.edges}


def _ids(path: list[str | int] | None) -> Path:
    """Return a path without the numbers of calls."""
    return tuple(one for one in path or () if isinstance(one, str))
