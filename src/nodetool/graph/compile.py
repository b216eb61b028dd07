"""From a graph without findings to its plan."""

import hashlib
from collections.abc import Sequence

import msgspec

from nodetool.graph.callee import Callee
from nodetool.graph.catalogue import Catalogue, Kind
from nodetool.graph.plan import (
    PLANNER,
    Gate,
    Plan,
    PlanCalled,
    PlanEdge,
    PlanInput,
    PlanNode,
    PlanOutput,
    PlanParam,
    PlanType,
)
from nodetool.graph.streams import VALUE, collects, streaming
from nodetool.graph.values import is_number
from nodetool.graph.wiring import Wired, Wiring, wire
from nodetool.protocol.descriptions import RUNS, NodeDescription
from nodetool.protocol.documents import Graph


def compile_plan(graph: Graph, catalogue: Catalogue) -> Plan:
    """Return the plan of *graph*, for which ``check`` must have found nothing."""
    return plan_of(wire(graph, catalogue))


def plan_hash(graph_json: bytes, catalogue_hash: str) -> str:
    """Name a plan by what it is made from: the document, the types, and this compiler."""
    made_from = hashlib.sha256(f"{PLANNER}\n{catalogue_hash}\n".encode())
    made_from.update(graph_json)
    return made_from.hexdigest()


def whole_plan(wiring: Wiring, called: Sequence[tuple[str, Wiring]]) -> Plan:
    """As ``plan_of``, with the workflows that are *called*, by the places that their callers know: name and graph."""
    plan = plan_of(wiring)
    if not called:
        return plan
    offset, found = len(plan.nodes), []
    for name, inner in called:
        found.append(PlanCalled(name, plan_of(inner), offset))
        offset += len(inner.nodes)
    runs = max((one.plan.runs for one in found), key=RUNS.index)
    return msgspec.structs.replace(plan, called=found, runs=max(runs, plan.runs, key=RUNS.index))


def plan_of(wiring: Wiring) -> Plan:
    """As ``compile_plan``, of a graph that is wired already, without the workflows that it calls."""
    streams = streaming(wiring)
    kinds = [one.kind for one in wiring.nodes if one.kind is not None]
    distinct = list({kind.description.node_type: kind.description for kind in kinds}.values())
    types = {description.node_type: place for place, description in enumerate(distinct)}
    return Plan(
        types=[_type(description) for description in distinct],
        nodes=[_node(one, kind, types, streams) for one, kind in zip(wiring.nodes, kinds, strict=True)],
        edges=[
            PlanEdge(one.id, one.source, one.source_handle, one.target, one.target_handle, streams[index])
            for index, one in enumerate(wiring.wires)
        ],
        params=[
            PlanParam(
                one.name, index, needs_value(one, kind), one.is_secret, *limits_of(one, kind), streams=one.is_streamed
            )
            for index, one, kind in wiring.with_role("input")
        ],
        outputs=[
            PlanOutput(one.name, index, collects(one, wiring, streams), _output_type(kind.description))
            for index, one, kind in wiring.with_role("output")
        ],
        runs=max((description.runs for description in distinct), key=RUNS.index, default="inline"),
    )


def needs_value(one: Wired, kind: Kind) -> bool:
    """Say whether an input has no default: its document says ``null``, or its class has none and neither has it.

    One that streams needs none.
    """
    if one.is_streamed:
        return False
    if VALUE in one.settings.values:
        return False
    data = one.node.data or {}
    declared = kind.properties.get(VALUE)
    return (VALUE in data and data[VALUE] is None) or declared is None or declared.required


def limits_of(one: Wired, kind: Kind) -> tuple[float | None, float | None]:
    """Return the least and greatest value of an input: its own ``min`` and ``max``, else those of its class."""
    declared = kind.properties.get(VALUE)
    least, most = one.settings.get(kind, "min"), one.settings.get(kind, "max")
    return (
        least if is_number(least) else declared.min if declared else None,
        most if is_number(most) else declared.max if declared else None,
    )


def _type(description: NodeDescription) -> PlanType:
    return PlanType(
        name=description.node_type,
        title=description.title,
        module=description.module,
        qualname=description.qualname,
        path=description.path,
        version=description.version,
        checkpoint=description.checkpoint,
        timeout=description.timeout,
        secrets=description.secrets,
    )


def _node(one: Wired, kind: Kind, types: dict[str, int], streams: list[bool]) -> PlanNode:
    description = kind.description
    named = description.role in ("input", "output")
    inputs = [_input(handle, wires, kind, streams) for handle, wires in one.incoming.items()]
    return PlanNode(
        id=one.node.id,
        type=types[description.node_type],
        role=description.role,
        name=one.name if named else description.title,
        values=one.settings.values,
        dynamic=one.settings.dynamic,
        gate=_gate(one, kind, inputs),
        yields=one.yields,
        runs=description.runs,
        inputs=inputs,
        outputs=one.outgoing,
        calls=one.callee.place if isinstance(one.callee, Callee) else -1,
    )


def _input(handle: str, wires: list[int], kind: Kind, streams: list[bool]) -> PlanInput:
    declared = kind.properties.get(handle)
    return PlanInput(
        handle=handle,
        streams=any(map(streams.__getitem__, wires)),
        reads=declared is not None and declared.stream,
        dynamic=declared is None,
        edges=wires,
    )


def _gate(one: Wired, kind: Kind, inputs: list[PlanInput]) -> Gate:
    if kind.reads:
        return "reader"
    if not any(entry.streams for entry in inputs):
        return "once"
    return "zip_all" if one.node.sync_mode == "zip_all" else "on_any"


def _output_type(description: NodeDescription) -> str:
    """Return ``string`` for a StringOutput, ``any`` for a plain Output."""
    name = description.node_type.rpartition(".")[2].removesuffix("Node")
    return name.removesuffix("Output").lower() or "any"
