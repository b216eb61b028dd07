"""Everything that is made once per stored version of a graph."""

import hashlib

import msgspec

from nodetool.graph.catalogue import Catalogue
from nodetool.graph.check import findings
from nodetool.graph.compile import plan_hash, plan_of
from nodetool.graph.params import Inputs, inputs_of_wiring
from nodetool.graph.plan import Plan
from nodetool.graph.wiring import wire
from nodetool.protocol import codec
from nodetool.protocol.documents import Finding, Graph


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A graph, ready to be run. With findings it has no plan and cannot be."""

    graph_hash: str
    """SHA-256 of the JSON as it came in: what an accepted job pins."""
    plan_hash: str
    plan: Plan | None
    plan_bytes: bytes
    """The plan as MessagePack; empty if there is none."""
    inputs: Inputs
    findings: list[Finding]
    secrets: tuple[str, ...] = ()
    """The names of all secrets that its nodes may read."""

    @property
    def is_inline(self) -> bool:
        """All that its nodes do takes microseconds, and nothing of it is kept for another attempt."""
        return self.plan is not None and self.plan.runs == "inline" and not self.plan.keeps


def make_version(graph_json: bytes, graph: Graph, catalogue: Catalogue) -> Version:
    """Check and plan *graph*, which was read from *graph_json*."""
    wiring = wire(graph, catalogue)
    found = findings(wiring, catalogue)
    plan = None if found else plan_of(wiring)
    return Version(
        graph_hash=hashlib.sha256(graph_json).hexdigest(),
        plan_hash=plan_hash(graph_json, catalogue.hash),
        plan=plan,
        plan_bytes=codec.to_msgpack(plan) if plan else b"",
        inputs=inputs_of_wiring(wiring),
        findings=found,
        secrets=tuple(sorted({name for kind in plan.types for name in kind.secrets})) if plan else (),
    )
