"""A plan with its classes: what a runner makes once of a plan, and every run of it shares."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

import msgspec

from nodetool.engine.convert import Convert, Misfit, converter
from nodetool.graph.plan import Plan, PlanNode, PlanType
from nodetool.protocol.errors import Fault, ImportFailed, NodeFailed, TypeMismatch
from nodetool.sdk.describe import Process, process_of, streams_of
from nodetool.sdk.node import Node
from nodetool.sdk.stream import Stream

Find = Callable[[str, str, str | None], type[Node]]
"""Gives the class for a module, a qualified name and, for nodes given by path, the file."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is read from a class, once."""

    cls: type[Node]
    process: Process
    converters: dict[str, Convert]
    """For each field; for a stream, the check of its items."""
    streams: frozenset[str]
    """Fields that the node reads itself."""
    blank: dict[str, Any]
    """Values for fields without a default, until their real ones are set."""


@dataclass(frozen=True, slots=True)
class BoundEdge:
    """An edge as a sender needs it."""

    index: int
    id: str
    source_handle: str
    target: int
    handle: str
    position: int
    """Its place among the edges of the handle, in document order."""
    streams: bool


@dataclass(frozen=True, slots=True)
class BoundNode:
    """A node of the plan with its class and everything that does not change from run to run."""

    index: int
    plan: PlanNode
    type_name: str
    title: str
    shape: Shape
    template: Node
    in_edges: int
    outs: dict[str, list[BoundEdge]]
    all_outs: list[BoundEdge]
    """In document order: the order in which they are drained."""
    is_quick: bool
    """Fires once and takes microseconds: called straight from the ready queue, without a task."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A plan that can be run."""

    plan: Plan
    nodes: list[BoundNode]
    starters: list[int]
    """The nodes without incoming edges, inputs first, then in document order."""
    outputs: dict[int, int]
    """Which output of the plan a node fills."""


def bind(plan: Plan, find: Find) -> Bound:
    """Find the classes of *plan* and prepare its nodes.

    Raises:
        ImportFailed: a module does not import; names the first node of that type.
        NodeFailed, TypeMismatch: a node cannot be made with its values.
    """
    classes = [_find(plan, index, kind, find) for index, kind in enumerate(plan.types)]
    edges = _edges(plan)
    nodes = [_bound(plan, index, node, shape(classes[node.type]), edges) for index, node in enumerate(plan.nodes)]
    sources = [node for node in nodes if not node.in_edges]
    return Bound(
        plan=plan,
        nodes=nodes,
        starters=[node.index for node in sorted(sources, key=lambda node: node.plan.role != "input")],
        outputs={output.node: place for place, output in enumerate(plan.outputs)},
    )


@cache
def shape(cls: type[Node]) -> Shape:
    """Read a class; the answer is kept for as long as the process lives."""
    hints = get_type_hints(cls, include_extras=True)
    fields = msgspec.structs.fields(cls)
    streams = streams_of(cls)
    return Shape(
        cls=cls,
        process=process_of(cls),
        converters={field.name: converter(streams.get(field.name, hints[field.name])) for field in fields},
        streams=frozenset(streams),
        blank={field.name: _nothing if field.name in streams else None for field in fields if field.required},
    )


_nothing: Stream[Any] = Stream.of(())


def _find(plan: Plan, index: int, kind: PlanType, find: Find) -> type[Node]:
    try:
        return find(kind.module, kind.qualname, kind.path)
    except ImportFailed as error:
        node = next(node for node in plan.nodes if node.type == index)
        raise ImportFailed(error.detail, errors=[Fault(node_id=node.id, message=error.detail)]) from error


def _edges(plan: Plan) -> list[BoundEdge]:
    positions = {edge: place for node in plan.nodes for entry in node.inputs for place, edge in enumerate(entry.edges)}
    return [
        BoundEdge(index, edge.id, edge.source_handle, edge.target, edge.target_handle, positions[index], edge.streams)
        for index, edge in enumerate(plan.edges)
    ]


def _bound(plan: Plan, index: int, node: PlanNode, form: Shape, edges: list[BoundEdge]) -> BoundNode:
    kind = plan.types[node.type]
    outs = {handle: [edges[place] for place in places] for handle, places in node.outputs.items()}
    return BoundNode(
        index=index,
        plan=node,
        type_name=kind.name,
        title=kind.title,
        shape=form,
        template=_template(node, form),
        in_edges=sum(len(entry.edges) for entry in node.inputs),
        outs=outs,
        all_outs=sorted((edge for group in outs.values() for edge in group), key=lambda edge: edge.index),
        is_quick=node.gate == "once" and node.runs == "inline" and not (node.yields or form.process.is_async),
    )


def _template(node: PlanNode, form: Shape) -> Node:
    values = {
        handle: checked(node.id, form, handle, value)
        for handle, value in node.values.items()
        if handle not in form.streams
    }
    if form.cls.is_dynamic:
        values["dynamic"] = dict(node.dynamic)
    try:
        return form.cls(**{**form.blank, **values})
    except Exception as error:  # the border of a node: its __post_init__ may raise anything
        raise NodeFailed(str(error), errors=[Fault(node_id=node.id, message=str(error))]) from error


def checked(node_id: str, form: Shape, handle: str, value: Any) -> Any:
    """Return *value* as the field *handle* takes it. Raises TypeMismatch, naming node, handle and both types."""
    try:
        return form.converters[handle](value)
    except Misfit as error:
        message = f"{handle}: {error}"
        raise TypeMismatch(message, errors=[Fault(node_id=node_id, handle=handle, message=message)]) from error


def instance(node: BoundNode) -> Node:
    """Return the one instance that a run has of *node*."""
    made = copy(node.template)
    if node.shape.cls.is_dynamic:
        made.dynamic = dict(node.plan.dynamic)  # type: ignore[attr-defined]  # declared by every dynamic class
    return made
