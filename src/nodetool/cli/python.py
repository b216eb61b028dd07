"""A workflow as the Python that builds it. Pure: the text comes of the document and the node types.

What counts for a run is kept: nodes, their ids and values, edges, and where nodes stand. What is left out: ids of
edges, groups (``parent_id``), and whatever else an editor keeps.
"""

import builtins
import json
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import msgspec

from nodetool.graph.catalogue import Catalogue, Kind
from nodetool.protocol.descriptions import PATH_PREFIX, NodeDescription
from nodetool.protocol.documents import Graph, GraphEdge, GraphNode
from nodetool.protocol.errors import NodetoolError

WIDTH = 100
"""Columns of a line, where what stands on it can be broken."""

PLAIN = frozenset({"any", "str", "int", "float", "bool", "list", "dict", "enum"})
"""Types whose values are written in Python as they stand in the document."""

RESERVED = frozenset({"Workflow", "json", "workflow"})


METHODS = frozenset({"id", "out", "join", "also", "sends", "at", "zip_all"})
"""What an added node has beside its outputs."""


class NotInPython(NodetoolError):
    """The workflow has a node of a type that is not known here."""

    code = "not_in_python"


class Line(NamedTuple):
    """A node, as the builder adds it."""

    name: str
    """Of the variable."""
    node: GraphNode
    kind: Kind
    cls: str
    """What its class is called."""
    position: tuple[float, float] | None


def program(document: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Return a program that prints the *document* of a workflow as JSON. Raises NotInPython."""
    graph = msgspec.convert(document["graph"], Graph)
    lines = list(_lines(graph, document["graph"]["nodes"], catalogue))
    body = [f"workflow = Workflow({_literal(document['name'])}, {_literal(document.get('description') or '')})"]
    there: dict[str, Line] = {}
    open = list(graph.edges)
    for line in lines:
        body += _added(line, there, open)
        there[line.node.id] = line
    body += [f"{there[one.target].name}.join({_literal(one.target_handle)}, {_out(one, there)})" for one in open]
    return "\n".join([*_imports(lines), "", *body, "", 'if __name__ == "__main__":', _PRINT, ""])


_PRINT = "    print(json.dumps(workflow.document(), indent=2, ensure_ascii=False))"


def _lines(graph: Graph, raw: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> Iterator[Line]:
    kinds = [_kind(node, catalogue) for node in graph.nodes]
    classes = _classes(kind.description for kind in kinds)
    names = RESERVED | set(classes.values())
    for node, kind, given in zip(graph.nodes, kinds, raw, strict=True):
        place = (given.get("ui_properties") or {}).get("position")
        position = (place["x"], place["y"]) if isinstance(place, dict) and {"x", "y"} <= place.keys() else None
        name = _variable(node.id, names)
        names = names | {name}
        yield Line(name, node, kind, classes[kind.description.node_type], position)


def _classes(found: Iterable[NodeDescription]) -> dict[str, str]:
    """Return what each type's class is called in the program: two modules may have one of the same name."""
    names: dict[str, str] = {}
    taken = set(RESERVED)
    for one in found:
        if one.node_type not in names:
            name = one.qualname.rpartition(".")[2]
            if name in taken:
                name = f"{name}Of{_module(one).rpartition('.')[2].title().replace('_', '')}"
            while name in taken:
                name = f"{name}_"
            taken.add(name)
            names[one.node_type] = name
    return names


def _module(one: NodeDescription) -> str:
    return one.module.removeprefix(PATH_PREFIX)


def _kind(node: GraphNode, catalogue: Catalogue) -> Kind:
    kind = catalogue.kind(node.type)
    if kind is None:
        raise NotInPython(f"node {node.id}: there is no node type {node.type!r} here, so it has no class")
    return kind


def _variable(id: str, taken: AbstractSet[str]) -> str:
    base = re.sub(r"\W", "_", id, flags=re.ASCII).strip("_").lower() or "node"
    base = f"node_{base}" if base[0].isdigit() else base
    base = f"{base}_node" if keyword.iskeyword(base) or hasattr(builtins, base) else base
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}_{number}"
    return name


def _imports(lines: Sequence[Line]) -> Iterator[str]:
    modules: dict[str, set[str]] = {"nodetool.sdk": {"Workflow"}}
    for line in lines:
        name = line.kind.description.qualname
        imported = name if name == line.cls else f"{name} as {line.cls}"
        modules.setdefault(_module(line.kind.description), set()).add(imported)
    yield "import json"
    yield ""
    for module in sorted(modules):
        yield f"from {module} import {', '.join(sorted(modules[module]))}"


def _added(line: Line, there: Mapping[str, Line], open: list[GraphEdge]) -> Iterator[str]:
    """Yield the call that adds a node, with the edges into it whose sources are there; they are taken from *open*."""
    node, kind = line.node, line.kind
    edges: dict[str, list[GraphEdge]] = {}
    for edge in [one for one in open if one.target == node.id and one.source in there]:
        edges.setdefault(edge.target_handle, []).append(edge)
    waits = {one.target_handle for one in open if one.target == node.id and one.source not in there}
    values, further, more = _values(node, kind, {*edges, *waits})
    for handle in list(edges):
        takes = handle in kind.properties or kind.description.is_dynamic
        if handle in waits or not takes:  # their order would not be that of the document
            del edges[handle]
            continue
        text = ", ".join(_out(one, there) for one in edges[handle])
        given = f"workflow.several({text})" if len(edges[handle]) > 1 else text
        (values if handle in kind.properties else further)[handle] = given
    for group in edges.values():
        for edge in group:
            open.remove(edge)
    arguments = [_literal(node.id), line.cls]
    arguments += [f"{name}={text}" for name, text in values.items()]
    if further:
        arguments.append(f"dynamic={{{', '.join(f'{_literal(name)}: {text}' for name, text in further.items())}}}")
    yield from _call(f"{line.name} = workflow.add_as", arguments, "".join(_chain(line, more)))


def _values(node: GraphNode, kind: Kind, connected: set[str]) -> tuple[dict[str, str], dict[str, str], dict[str, Any]]:
    """Return what a document sets: as arguments, as dynamic ones, and what can be neither."""
    values, more = {}, {}
    for name, value in (node.data or {}).items():
        declared = kind.properties.get(name)
        is_argument = declared is not None and not declared.stream and declared.type.type in PLAIN
        if is_argument and value is not None and name not in connected and name.isidentifier():
            values[name] = _literal(value)
        else:
            more[name] = value
    further = {
        name: _literal(value) for name, value in (node.dynamic_properties or {}).items() if kind.description.is_dynamic
    }
    return values, {name: text for name, text in further.items() if name not in connected}, more


def _chain(line: Line, more: Mapping[str, Any]) -> Iterator[str]:
    if more:
        yield f".also({_literal(dict(more))})"
    if line.node.dynamic_outputs:
        yield f".sends({_literal(line.node.dynamic_outputs)})"
    if line.node.sync_mode == "zip_all":
        yield ".zip_all()"
    if line.position:
        yield f".at({_literal(line.position[0])}, {_literal(line.position[1])})"


def _call(head: str, arguments: Sequence[str], tail: str) -> Iterator[str]:
    """Break a call that is too long for a line."""
    line = f"{head}({', '.join(arguments)}){tail}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{head}("
    yield from (f"    {argument}," for argument in arguments)
    yield f"){tail}"


def _out(edge: GraphEdge, there: Mapping[str, Line]) -> str:
    line, handle = there[edge.source], edge.source_handle
    is_attribute = handle in line.kind.outputs and handle.isidentifier() and not keyword.iskeyword(handle)
    if is_attribute and handle not in METHODS:
        return f"{line.name}.{handle}"
    return f"{line.name}.out({_literal(handle)})"


def _literal(value: Any) -> str:
    """Write a value of JSON as Python does."""
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(_literal, value))}]"
        case dict():
            return f"{{{', '.join(f'{_literal(name)}: {_literal(one)}' for name, one in value.items())}}}"
        case _:
            return repr(value)
