"""Everything that is made once per stored version of a graph."""

import hashlib
from collections.abc import Mapping

import msgspec

from nodetool.graph.calls import Linker, Source, bundled, embedded
from nodetool.graph.catalogue import Catalogue
from nodetool.graph.check import findings
from nodetool.graph.compile import plan_hash, whole_plan
from nodetool.graph.params import Inputs, inputs_of_wiring
from nodetool.graph.plan import Plan
from nodetool.graph.wiring import Wiring, wire
from nodetool.protocol import codec
from nodetool.protocol.documents import Finding, Graph

NOTHING: Mapping[str, Source | None] = {}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A graph, ready to be run. With findings it has no plan and cannot be."""

    pinned: bytes
    """What an accepted job pins: the JSON as it came in, and with it the workflows that it calls."""
    graph_hash: str
    """SHA-256 of what is pinned."""
    plan_hash: str
    plan: Plan | None
    plan_bytes: bytes
    """The plan as MessagePack; empty if there is none."""
    inputs: Inputs
    findings: list[Finding]
    secrets: tuple[str, ...] = ()
    """The names of all secrets that its nodes may read."""
    calls: frozenset[str] = frozenset()
    """The ids of the stored workflows that it was made with, or would have been if they were there."""

    @property
    def is_fed(self) -> bool:
        """Some of its inputs stream."""
        return self.inputs.are_some_streams

    @property
    def is_inline(self) -> bool:
        """All that its nodes do takes microseconds, and nothing of it is kept for another attempt."""
        return self.plan is not None and self.plan.runs == "inline" and not self.plan.keeps


def make_version(
    graph_json: bytes, graph: Graph, catalogue: Catalogue, stored: Mapping[str, Source | None] = NOTHING
) -> Version:
    """Check and plan *graph*, which was read from *graph_json*.

    *stored* has the workflows that it calls, and that those call, as far as they do not come along; None in place of
    one that is not there.
    """
    return look_at(graph_json, graph, catalogue, stored)[0]


def look_at(
    graph_json: bytes, graph: Graph, catalogue: Catalogue, stored: Mapping[str, Source | None]
) -> tuple[Version, Wiring]:
    """As ``make_version``, for a caller who has more to ask of the graph."""
    there = {id: source for id, source in stored.items() if source}
    linker = Linker(catalogue, there | embedded(graph))
    wiring = wire(graph, catalogue, linker.callees(graph))
    found = findings(wiring, catalogue)
    plan = None if found else whole_plan(wiring, [(one.name or one.id, one.wiring) for one in linker.linked])
    pinned = bundled(graph_json, there)
    version = Version(
        pinned=pinned,
        graph_hash=hashlib.sha256(pinned).hexdigest(),
        plan_hash=plan_hash(pinned, catalogue.hash),
        plan=plan,
        plan_bytes=codec.to_msgpack(plan) if plan else b"",
        inputs=inputs_of_wiring(wiring),
        findings=found,
        secrets=tuple(sorted(plan.secrets)) if plan else (),
        calls=frozenset(stored),
    )
    return version, wiring
