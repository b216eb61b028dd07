"""The workflows that a graph calls, and those that they call: found, checked and put in order."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from nodetool.graph.callee import Callee, Trouble
from nodetool.graph.catalogue import Catalogue
from nodetool.graph.check import findings
from nodetool.graph.compile import needs_value
from nodetool.graph.streams import VALUE, collects, given_type, streaming
from nodetool.graph.wiring import Callees, Wired, Wiring, called_id, wire
from nodetool.protocol import codec
from nodetool.protocol.descriptions import ANY, TypeMetadata
from nodetool.protocol.documents import Graph

MAX_DEPTH = 16
"""How deep calls may be nested: the job's own graph may call a workflow that calls another, and so on."""

MAX_CALLED = 256
"""Workflows that a graph may call, with all that those call."""


class Source(NamedTuple):
    """A workflow that may be called."""

    name: str
    graph: Graph
    json: bytes
    """The graph as it is stored; empty if it came along with the one that calls it."""


class Linked(NamedTuple):
    """A workflow that is called, ready to be planned."""

    id: str
    name: str
    wiring: Wiring


def called_ids(graph: Graph, catalogue: Catalogue) -> Iterator[str]:
    """Yield the ids of the workflows that the nodes of *graph* call, each once."""
    seen: set[str] = set()
    for node in graph.nodes:
        id = called_id(node)
        if id and id not in seen and (kind := catalogue.kind(node.type)) and kind.description.calls:
            seen.add(id)
            yield id


def embedded(graph: Graph) -> dict[str, Source]:
    """Return the workflows that came along with *graph*."""
    return {id: Source(one.name, one.graph, b"") for id, one in (graph.workflows or {}).items()}


def bundled(json: bytes, sources: Mapping[str, Source]) -> bytes:
    """Return the *json* of a graph with *sources* beside those that it has along: as a job pins it."""
    if not sources:
        return json
    fields = _fields.decode(json)
    along = _fields.decode(fields["workflows"]) if fields.get("workflows", NULL) != NULL else {}
    added = {
        id: msgspec.Raw(codec.to_json({"name": one.name, "graph": msgspec.Raw(one.json)}))
        for id, one in sources.items()
    }
    return codec.to_json({**fields, "workflows": added | along})


NULL = msgspec.Raw(b"null")

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Linker:
    """Links the graph of one job with *sources*, the workflows that may be called, by id.

    ``linked`` then has those that are, each behind those that it calls itself.
    """

    def __init__(self, catalogue: Catalogue, sources: Mapping[str, Source]) -> None:
        self.linked: list[Linked] = []
        self._catalogue = catalogue
        self._sources = sources
        self._found: dict[str, Callee | Trouble] = {}
        self._trail: list[str] = []
        """The ids of those whose callees are being looked at, from the outermost one."""

    def callees(self, graph: Graph) -> Callees:
        """Return what each workflow that *graph* calls is to its callers, by id."""
        return {id: self._callee(id) for id in called_ids(graph, self._catalogue)}

    def _callee(self, id: str) -> Callee | Trouble:
        """Each is looked at once, so that workflows which all call each other take no time."""
        if id in self._trail:
            names = " → ".join([*self._trail[self._trail.index(id) :], id])
            return Trouble("recursive_workflow", f"a workflow may not call itself, and this one does: {names}")
        found = self._found.get(id) or self._look_at(id)
        if isinstance(found, Callee) and len(self._trail) + found.height > MAX_DEPTH:
            return _too_deep()
        return found

    def _look_at(self, id: str) -> Callee | Trouble:
        source = self._sources.get(id)
        if source is None:
            return Trouble("unknown_workflow", f"there is no workflow {id!r}")
        if len(self._trail) >= MAX_DEPTH:
            return _too_deep()
        if len(self._found) >= MAX_CALLED:
            return Trouble("too_many_workflows", f"more than {MAX_CALLED} workflows would be called")
        self._trail.append(id)
        wiring = wire(source.graph, self._catalogue, self.callees(source.graph))
        found = self._found[id] = self._made(id, source, wiring)
        self._trail.pop()
        return found

    def _made(self, id: str, source: Source, wiring: Wiring) -> Callee | Trouble:
        found = findings(wiring, self._catalogue)
        if found:
            first = found[0]
            code = first.code if first.code == "recursive_workflow" else "workflow_has_findings"
            return Trouble(code, f"workflow {source.name or id!r} cannot run: {first.message}")
        called = [one.callee for one in wiring.nodes if isinstance(one.callee, Callee)]
        height = 1 + max((one.height for one in called), default=0)
        self.linked.append(Linked(id, source.name, wiring))
        return _callee(len(self.linked) - 1, source.name or id, height, wiring)


def _callee(place: int, name: str, height: int, wiring: Wiring) -> Callee:
    inputs = {one.name: (one, kind) for _, one, kind in wiring.with_role("input")}
    outputs, items = _outputs(wiring)
    return Callee(
        place=place,
        name=name,
        height=height,
        inputs={name: _input(one) for name, (one, _) in inputs.items()},
        required=tuple(name for name, (one, kind) in inputs.items() if needs_value(one, kind)),
        outputs=outputs,
        items=items,
    )


def _input(one: Wired) -> TypeMetadata:
    type = one.in_type(VALUE) or ANY
    return TypeMetadata(type="list", type_args=[type]) if one.is_streamed else type


def _outputs(wiring: Wiring) -> tuple[dict[str, TypeMetadata], dict[str, TypeMetadata]]:
    """Return the types of the outputs: of what a run gives, and of what comes item by item."""
    streams = streaming(wiring)
    of_a_run, by_item = {}, {}
    for _, one, _ in wiring.with_role("output"):
        made, type = collects(one, wiring, streams), given_type(one, wiring, streams)
        by_item[one.name] = TypeMetadata(type="chunk") if made == "text" else type
        of_a_run[one.name] = {
            "list": TypeMetadata(type="list", type_args=[type]),
            "text": TypeMetadata(type="str"),
            "value": type,
        }[made]
    return of_a_run, by_item


def _too_deep() -> Trouble:
    return Trouble("calls_too_deep", f"calls are nested more than {MAX_DEPTH} deep")
