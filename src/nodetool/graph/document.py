"""From the JSON of a graph to a Graph, or to everything that keeps it from being one."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, TypeVar

import msgspec

from nodetool.protocol import codec
from nodetool.protocol.documents import Graph, GraphEdge, GraphNode
from nodetool.protocol.errors import Fault, InvalidGraph, InvalidRequest

MAX_FAULTS = 100
"""How many faults of one graph are told."""

T = TypeVar("T")

_graph = msgspec.json.Decoder(Graph)
_anything = msgspec.json.Decoder(Any)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How big a graph may be."""

    nodes: int = 20_000
    edges: int = 60_000
    name: int = 256
    """Characters of an id, a type or a handle."""


LIMITS = Limits()


class Draft(msgspec.Struct):
    """What could be read of a graph. Nodes and edges are at their place in the document."""

    nodes: list[tuple[int, GraphNode]]
    edges: list[tuple[int, GraphEdge]]
    ids: set[str]
    """Of every node, also of those that could not be read."""


def read_graph(json: bytes, limits: Limits = LIMITS, *, at: str = "$") -> Graph:
    """Decode a graph. *at* is its place in the body that it came in, for the paths that faults name.

    Raises:
        InvalidJson: these bytes are not JSON, or nested too deep.
        InvalidGraph: this is not a graph that can be stored; ``errors`` says why, up to MAX_FAULTS times.
    """
    try:
        graph = codec.from_json(json, _graph)
    except InvalidRequest as error:
        raise _refusal(_misshapen(json, limits, at) or list(error.errors), error.detail) from error
    faults = list(chain.from_iterable(_graph_faults(one, limits, place) for place, one in _graphs_in(graph, at)))
    if faults:
        raise _refusal(faults, "")
    return graph


def _graphs_in(graph: Graph, at: str) -> Iterator[tuple[str, Graph]]:
    """Yield a graph and those of the workflows that come with it, each with its place in the body."""
    yield at, graph
    for id, one in (graph.workflows or {}).items():
        yield f"{at}.workflows.{_short(id)}.graph", one.graph


def _graph_faults(graph: Graph, limits: Limits, at: str) -> list[Fault]:
    return list(_too_many(len(graph.nodes), len(graph.edges), limits, at)) or _faults(_whole(graph), limits, at)


def _whole(graph: Graph) -> Draft:
    return Draft(list(enumerate(graph.nodes)), list(enumerate(graph.edges)), {node.id for node in graph.nodes})


def _refusal(faults: list[Fault], detail: str) -> InvalidGraph:
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        detail = f"{faults[0].field}: {faults[0].message}{more}"
    return InvalidGraph(detail, errors=faults)


def _misshapen(json: bytes, limits: Limits, at: str) -> list[Fault]:
    """Look for every fault of a graph that did not decode; the decoder itself stops at the first."""
    try:
        document = codec.from_json(json, _anything)
    except InvalidRequest as error:
        return list(error.errors)
    if not isinstance(document, dict):
        return [Fault(field=at, message="expected an object with nodes and edges")]
    faults: list[Fault] = []
    nodes, edges = (_items(document, name, at, faults) for name in ("nodes", "edges"))
    if too_many := list(_too_many(len(nodes), len(edges), limits, at)):
        return [*faults, *too_many]
    draft = _draft(nodes, edges, at, faults)
    return [*faults, *_faults(draft, limits, at)][:MAX_FAULTS]


def _draft(nodes: list[Any], edges: list[Any], at: str, faults: list[Fault]) -> Draft:
    return Draft(
        nodes=_read(nodes, GraphNode, f"{at}.nodes", faults),
        edges=_read(edges, GraphEdge, f"{at}.edges", faults),
        ids={id for node in nodes if (id := _id_of(node)) is not None},
    )


def _items(document: dict[str, Any], name: str, at: str, faults: list[Fault]) -> list[Any]:
    items = document.get(name)
    if isinstance(items, list):
        return items
    faults.append(Fault(field=f"{at}.{name}", message="expected an array"))
    return []


def _read(items: list[Any], kind: type[T], at: str, faults: list[Fault]) -> list[tuple[int, T]]:
    found = []
    for index, item in enumerate(items):
        try:
            found.append((index, msgspec.convert(item, kind)))
        except msgspec.ValidationError as error:
            faults.append(_fault(error, item, kind, f"{at}[{index}]"))
            if len(faults) >= MAX_FAULTS:
                break
    return found


def _fault(error: msgspec.ValidationError, item: Any, kind: type, at: str) -> Fault:
    """An edge has an id too, but it is none of a node."""
    inner = codec.misfit(error).errors[0]
    path = (inner.field or "$").removeprefix("$")
    return Fault(node_id=_id_of(item) if kind is GraphNode else None, field=at + path, message=inner.message)


def _id_of(item: Any) -> str | None:
    id = item.get("id") if isinstance(item, dict) else None
    return id if isinstance(id, str) else None


def _faults(draft: Draft, limits: Limits, at: str) -> list[Fault]:
    return list(islice(chain(_bad_nodes(draft.nodes, limits, at), _bad_edges(draft, limits, at)), MAX_FAULTS))


def _too_many(nodes: int, edges: int, limits: Limits, at: str) -> Iterator[Fault]:
    """What is over these limits is not looked at any further."""
    if nodes > limits.nodes:
        yield Fault(field=f"{at}.nodes", message=f"{nodes} nodes, and {limits.nodes} is the limit")
    if edges > limits.edges:
        yield Fault(field=f"{at}.edges", message=f"{edges} edges, and {limits.edges} is the limit")


def _bad_nodes(nodes: list[tuple[int, GraphNode]], limits: Limits, at: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, node in nodes:
        place = f"{at}.nodes[{index}]"
        if not node.id:
            yield Fault(field=f"{place}.id", message="a node needs an id")
        elif node.id in seen:
            yield Fault(node_id=_short(node.id), field=f"{place}.id", message="another node has this id")
        seen.add(node.id)
        for name in _too_long((("id", node.id), ("type", node.type)), limits):
            yield Fault(node_id=_short(node.id), field=f"{place}.{name}", message=_over(limits))


def _bad_edges(draft: Draft, limits: Limits, at: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, edge in draft.edges:
        place = f"{at}.edges[{index}]"
        if edge.id and edge.id in seen:
            yield Fault(field=f"{place}.id", message="another edge has this id")
        seen.add(edge.id or "")
        yield from _bad_ends(edge, draft.ids, place)
        texts = (("id", edge.id or ""), ("sourceHandle", edge.source_handle), ("targetHandle", edge.target_handle))
        for name in _too_long(texts, limits):
            yield Fault(field=f"{place}.{name}", message=_over(limits))


def _bad_ends(edge: GraphEdge, ids: set[str], place: str) -> Iterator[Fault]:
    for name, id in (("source", edge.source), ("target", edge.target)):
        if not id:
            yield Fault(field=f"{place}.{name}", message="an edge needs a node at each end")
        elif id not in ids:
            yield Fault(node_id=_short(id), field=f"{place}.{name}", message=f"there is no node {_short(id)!r}")


def _too_long(texts: Iterable[tuple[str, str]], limits: Limits) -> Iterator[str]:
    return (name for name, text in texts if len(text) > limits.name)


def _over(limits: Limits) -> str:
    return f"longer than {limits.name} characters"


def _short(id: str) -> str:
    """What a message repeats of an id, which may be of any length before it is checked."""
    return id[:256]
