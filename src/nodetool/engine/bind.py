"""A plan with its classes: what a runner makes once of a plan, and every run of it shares."""

import hashlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from nodetool.engine.convert import Convert, Misfit, converter
from nodetool.engine.pieces import key, packed
from nodetool.graph.plan import Gate, Plan, PlanCalled, PlanInput, PlanNode, PlanOutput, PlanType
from nodetool.protocol.descriptions import Role
from nodetool.protocol.errors import Fault, ImportFailed, JobFailed, NodeFailed, TypeMismatch
from nodetool.protocol.values import exactly
from nodetool.sdk.describe import Process, process_of, retry_of, sets_up, streams_of
from nodetool.sdk.node import Node
from nodetool.sdk.retry import Retry
from nodetool.sdk.stream import Stream

Find = Callable[[str, str, str | None], type[Node]]
"""Gives the class for a module, a qualified name and, for nodes given by path, the file."""

Way = Literal["input", "feed", "output", "preview", "call", "await", "thread", "each", "each_async", "each_thread"]
"""How a node is fired. The first four have no ``process``; a *call* is made in the loop, an *await* is a coroutine,
a *thread* is for what may block; those that begin with *each* are generators."""

QUICK: frozenset[Way] = frozenset({"input", "output", "preview", "call"})

ATOMS = frozenset({str, int, float, bool, bytes, type(None)})


class Shape(msgspec.Struct, frozen=True):
    """What is read from a class, once."""

    cls: type[Node]
    process: Process
    converters: dict[str, Convert | None]
    """The check of each field, None if any value will do; for a stream, that of its items."""
    readers: dict[str, Convert | None]
    """The same for values from a document or from params."""
    item: Convert | None
    """The check of an item of ``value``, for an output that is made of a stream."""
    streams: frozenset[str]
    """Fields that the node reads itself."""
    blank: dict[str, Any]
    """Values for fields without a default, until their real ones are set."""
    retry: Retry | None
    sets_up: bool
    """It has to be set up before its nodes fire."""
    outputs: frozenset[str] | None
    """The handles that it may send to; None if its document names them."""


class BoundEdge(msgspec.Struct, frozen=True, gc=False):
    """An edge as a sender needs it."""

    index: int
    id: str
    source_handle: str
    target: int
    handle: str
    position: int
    """Its place among the edges of the handle, in document order; -1 for the only one."""
    packed_id: bytes
    """A piece of its events."""


class BoundNode(msgspec.Struct, frozen=True):
    """A node of the plan with its class and everything that does not change from run to run."""

    index: int
    id: str
    name: str
    """What users call it: for inputs and outputs the name of the param or output."""
    title: str
    type_name: str
    role: Role
    gate: Gate
    way: Way
    is_quick: bool
    """Fires once and takes microseconds: called straight from the ready queue, without a task."""
    is_direct: bool
    """An output that takes each item in the turn of its sender: nothing else comes in, and nothing goes out."""
    streams: bool
    """Its out-edges carry item by item."""
    takes_context: bool
    named: bool
    """It sends mappings of handle to value."""
    shape: Shape
    template: Node
    mutable: tuple[tuple[str, Any], ...]
    """Fields of the template that a node could change in place, so that each run needs its own."""
    inputs: list[PlanInput]
    setters: tuple[tuple[str, Convert | None], ...]
    """The connected handles that are fields, in document order."""
    dynamic: tuple[str, ...]
    """The connected handles that are not."""
    value_check: Convert | None
    """The check of ``value``, of an output or a preview where that is connected."""
    handles: int
    """How many handles are connected."""
    in_edges: int
    edges: tuple[BoundEdge, ...]
    """All out-edges, in document order: the order in which they are drained."""
    has_value: bool
    """Its document sets ``value``: an output without an edge gives that."""
    base: bytes
    """Stands for the node, its code and what its document sets, if what it sends is kept; else empty."""
    timeout: float
    """Seconds of one firing, as its class says; 0 is no limit."""
    retry: Retry | None
    """How often a firing is tried, as its class says."""
    calls: int
    """Which workflow of the plan it calls; -1 if it calls none."""
    output: int
    """Which output of the plan it fills; -1 if it is none."""
    packed_id: bytes
    told: "Told"
    told_output: tuple[bytes, bytes]
    """Pieces of its events."""


class Told(NamedTuple):
    """Pieces of the events of every node of a type, between the node's id and its values."""

    running: bytes
    completed: bytes


class Kind(NamedTuple):
    """What is the same for every node of a type."""

    type: PlanType
    shape: Shape
    told: Told


class Bound(msgspec.Struct, frozen=True):
    """A plan that can be run."""

    plan: Plan
    nodes: list[BoundNode]
    starters: list[int]
    """The nodes without incoming edges, inputs first, then in document order."""
    keeps: bool
    """What some of its nodes send is kept."""
    is_limited: bool
    """Some of its nodes say how long they may take, or how often they are tried."""
    called: list["BoundCalled"]
    """The workflows that its nodes call, and all that those call."""
    is_fed: bool
    """Some of its inputs stream."""
    secret_params: tuple[str, ...]
    """The params that nobody is to see …"""
    secrets: tuple[Any, ...]
    """… and what its documents say that nobody is to see either."""


class BoundCalled(NamedTuple):
    """A workflow that is called, ready to be run any number of times."""

    name: str
    bound: Bound
    offset: int
    """What is added to the index of a node, so that it is one of its own in the whole plan."""


def bind(plan: Plan, find: Find) -> Bound:
    """Find the classes of *plan*, and of the workflows that it calls, and prepare their nodes.

    Raises:
        ImportFailed: a module does not import; names the first node of that type.
        NodeFailed, TypeMismatch: a node cannot be made with its values.
    """
    called = [BoundCalled(one.name, _bound_called(one, find), one.offset) for one in plan.called]
    return msgspec.structs.replace(
        _bound_plan(plan, find),
        called=called,
        secret_params=tuple(param.name for param in plan.params if param.is_secret),
        secrets=tuple(value for value in _secrets(plan) if value is not None),
    )


def _secrets(whole: Plan) -> Iterator[Any]:
    """Yield the values of secret inputs that are set in documents, be it that of a caller."""
    for plan in whole.plans:
        yield from (plan.nodes[param.node].values.get("value") for param in plan.params if param.is_secret)
        for node in plan.nodes:
            if node.calls >= 0:
                params = whole.called[node.calls].plan.params
                yield from (node.dynamic.get(param.name) for param in params if param.is_secret)


def _bound_called(one: PlanCalled, find: Find) -> Bound:
    try:
        return _bound_plan(one.plan, find)
    except JobFailed as error:
        node = next((fault.node_id for fault in error.errors if fault.node_id), "")
        raise type(error)(f"node {node} of workflow {one.name!r}: {error.detail}") from error


def _bound_plan(plan: Plan, find: Find) -> Bound:
    kinds = [Kind(kind, shape(_find(plan, index, kind, find)), _told(kind)) for index, kind in enumerate(plan.types)]
    edges = _edges(plan)
    outputs = {output.node: place for place, output in enumerate(plan.outputs)}
    nodes = [_bound(index, plan, kinds, edges, outputs.get(index, -1)) for index, node in enumerate(plan.nodes)]
    sources = [node for node in nodes if not node.in_edges]
    return Bound(
        plan,
        nodes,
        [node.index for node in sorted(sources, key=lambda node: node.role != "input")],
        keeps=plan.keeps,
        is_limited=any(kind.timeout for kind in plan.types) or any(kind.shape.retry for kind in kinds),
        called=[],
        is_fed=any(param.streams for param in plan.params),
        secret_params=(),
        secrets=(),
    )


@cache
def shape(cls: type[Node]) -> Shape:
    """Read a class; the answer is kept for as long as the process lives."""
    hints = get_type_hints(cls, include_extras=True)
    fields = msgspec.structs.fields(cls)
    streams = streams_of(cls)
    process = process_of(cls)
    checked = {field.name: streams.get(field.name, hints[field.name]) for field in fields}
    return Shape(
        cls=cls,
        process=process,
        converters={name: converter(hint) for name, hint in checked.items()},
        readers={name: converter(hint, spelled=True) for name, hint in checked.items()},
        item=converter(_item(hints.get("value", Any))),
        streams=frozenset(streams),
        blank={field.name: Stream(_Nothing()) if field.name in streams else None for field in fields if field.required},
        retry=retry_of(cls),
        sets_up=sets_up(cls),
        outputs=None if cls.supports_dynamic_outputs else frozenset(handle for handle, _ in process.outputs),
    )


def _item(hint: Any) -> Any:
    """Return what one item of an output has to be: of one that is declared a list, an item of it."""
    return (get_args(hint) or (Any,))[0] if get_origin(hint) is list or hint is list else hint


def instance(node: BoundNode) -> Any:
    """Return the one instance that a run has of *node*."""
    made = node.template.__copy__()  # type: ignore[attr-defined]  # every Struct has it: copy() takes four times as long
    for field, value in node.mutable:
        setattr(made, field, deepcopy(value))
    return made


def misfit(node_id: str, handle: str, error: Misfit) -> TypeMismatch:
    """Return the error for a value that does not fit a handle: it names node, handle and both types."""
    message = f"{handle}: {error}"
    return TypeMismatch(message, errors=[Fault(node_id=node_id, handle=handle, message=message)])


class _Nothing:
    """The items of a stream handle without an edge."""

    def __aiter__(self) -> "_Nothing":
        return self

    async def __anext__(self) -> Any:
        raise StopAsyncIteration


def _find(plan: Plan, index: int, kind: PlanType, find: Find) -> type[Node]:
    try:
        return find(kind.module, kind.qualname, kind.path)
    except ImportFailed as error:
        node = next(node for node in plan.nodes if node.type == index)
        raise ImportFailed(error.detail, errors=[Fault(node_id=node.id, message=error.detail)]) from error


def _told(kind: PlanType) -> Told:
    running, completed = (
        packed(node_name=kind.title, node_type=kind.name, status=status) for status in ("running", "completed")
    )
    return Told(running + key("properties"), completed + key("result"))


def _told_output(id: str, output: PlanOutput) -> tuple[bytes, bytes]:
    """Return what comes before a value, and what comes after it."""
    before = packed(node_id=id, node_name=output.name, output_name=output.name) + key("value")
    return before, packed(output_type=output.type, metadata={})


def _edges(plan: Plan) -> list[BoundEdge]:
    positions = {
        edge: place
        for node in plan.nodes
        for entry in node.inputs
        if len(entry.edges) > 1
        for place, edge in enumerate(entry.edges)
    }
    return [
        BoundEdge(
            index,
            edge.id,
            edge.source_handle,
            edge.target,
            edge.target_handle,
            positions.get(index, -1),
            packed(edge_id=edge.id),
        )
        for index, edge in enumerate(plan.edges)
    ]


def _bound(index: int, plan: Plan, kinds: list[Kind], edges: list[BoundEdge], output: int) -> BoundNode:
    node = plan.nodes[index]
    kind, form, told = kinds[node.type]
    way = _way(node, form.process)
    template = _template(node, form)
    setters = {
        entry.handle: _check_of(node, entry, form, plan, output)
        for entry in node.inputs
        if not (entry.reads or entry.dynamic)
    }
    return BoundNode(
        index=index,
        id=node.id,
        name=node.name,
        title=kind.title,
        type_name=kind.name,
        role=node.role,
        gate=node.gate,
        way=way,
        is_quick=node.gate == "once" and way in QUICK and not (kind.checkpoint or form.retry or form.sets_up),
        is_direct=_is_direct(node),
        streams=node.yields or node.gate in ("on_any", "zip_all"),
        takes_context=form.process.takes_context,
        named=form.process.named,
        shape=form,
        template=template,
        mutable=_mutable(template),
        inputs=node.inputs,
        setters=tuple(setters.items()),
        value_check=setters.get("value"),
        dynamic=tuple(entry.handle for entry in node.inputs if entry.dynamic),
        handles=len(node.inputs),
        in_edges=sum(len(entry.edges) for entry in node.inputs),
        edges=_outgoing(node, edges),
        has_value="value" in node.values,
        base=_base(node, kind) if kind.checkpoint else b"",
        timeout=kind.timeout,
        retry=form.retry,
        calls=node.calls,
        output=output,
        packed_id=packed(node_id=node.id),
        told=told,
        told_output=_told_output(node.id, plan.outputs[output]) if output >= 0 else (b"", b""),
    )


def _is_direct(node: PlanNode) -> bool:
    return node.role == "output" and len(node.inputs) == 1 and node.inputs[0].streams and not any(node.outputs.values())


def _check_of(node: PlanNode, entry: PlanInput, form: Shape, plan: Plan, output: int) -> Convert | None:
    """Return the check of a handle's values. A list output is made of items; a joined text takes chunks."""
    if node.role != "output" or not entry.streams:
        return form.converters[entry.handle]
    return None if plan.outputs[output].kind == "text" else form.item


def _outgoing(node: PlanNode, edges: list[BoundEdge]) -> tuple[BoundEdge, ...]:
    return tuple(edges[place] for place in sorted(place for places in node.outputs.values() for place in places))


def _base(node: PlanNode, kind: PlanType) -> bytes:
    return hashlib.sha256(exactly([kind.name, kind.version, node.id, node.values, node.dynamic])).digest()


def _way(node: PlanNode, process: Process) -> Way:
    if node.role == "input" and node.yields:
        return "feed"
    if node.role != "node":
        return node.role if node.role != "note" else "preview"
    if not process.is_async and node.runs in ("blocking", "cpu", "gpu"):
        return "each_thread" if process.yields else "thread"
    if process.yields:
        return "each_async" if process.is_async else "each"
    return "await" if process.is_async else "call"


def _template(node: PlanNode, form: Shape) -> Node:
    values = {**form.blank, **_checked(node, form)}
    if node.dynamic:
        values["dynamic"] = node.dynamic
    try:
        return form.cls(**values)
    except Exception as error:  # the border of a node: its __post_init__ may raise anything
        raise NodeFailed(str(error), errors=[Fault(node_id=node.id, message=str(error))]) from error


def _checked(node: PlanNode, form: Shape) -> dict[str, Any]:
    made = {}
    handle = ""
    try:
        for handle, value in node.values.items():
            if handle not in form.streams:
                convert = form.readers[handle]
                made[handle] = convert(value) if convert else value
    except Misfit as error:
        raise misfit(node.id, handle, error) from error
    return made


def _mutable(template: Node) -> tuple[tuple[str, Any], ...]:
    values = ((name, getattr(template, name)) for name in template.__struct_fields__)
    return tuple((name, value) for name, value in values if type(value) not in ATOMS and not isinstance(value, Stream))
