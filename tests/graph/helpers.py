"""Descriptions and graphs written by hand: these tests need no library of nodes."""

from itertools import pairwise
from typing import Any

from nodetool.graph.catalogue import Catalogue
from nodetool.protocol.descriptions import (
    Index,
    NodeDescription,
    Output,
    Pack,
    Property,
    Role,
    Runs,
    TypeMetadata,
)
from nodetool.protocol.documents import Graph, GraphEdge, GraphNode


def kind(spelled: str) -> TypeMetadata:
    """Read a type as it is spelled: ``list[str]``, ``int|str``, ``str?``."""
    if spelled.endswith("?"):
        inner = kind(spelled[:-1])
        return TypeMetadata(type=inner.type, optional=True, type_args=inner.type_args, values=inner.values)
    if "|" in spelled:
        return TypeMetadata(type="union", type_args=[kind(member) for member in spelled.split("|")])
    name, bracket, arguments = spelled.removesuffix("]").partition("[")
    return TypeMetadata(type=name, type_args=[kind(one) for one in arguments.split(", ")] if bracket else [])


def enum(*values: str | int) -> TypeMetadata:
    return TypeMetadata(type="enum", values=list(values))


def prop(name: str, spelled: str | TypeMetadata, default: Any = None, **more: Any) -> Property:
    return Property(name=name, type=kind(spelled) if isinstance(spelled, str) else spelled, default=default, **more)


def describe(
    node_type: str,
    properties: list[Property],
    outputs: dict[str, str] | None = None,
    *,
    role: Role = "node",
    runs: Runs = "inline",
    **more: Any,
) -> NodeDescription:
    """Describe a type whose class would be called like the end of its name."""
    namespace, _, name = node_type.rpartition(".")
    handles = {"output": "str"} if outputs is None else outputs
    return NodeDescription(
        node_type=node_type,
        title=f"The {name}",
        description="",
        namespace=namespace,
        role=role,
        runs=runs,
        properties=properties,
        outputs=[Output(name=handle, type=kind(spelled)) for handle, spelled in handles.items()],
        module=namespace,
        qualname=name,
        version="1",
        **more,
    )


def describe_input(name: str, spelled: str, default: Any, *more: Property) -> NodeDescription:
    value = prop("value", spelled, default)
    properties = [prop("name", "str", ""), value, prop("description", "str", ""), *more]
    return describe(f"nodetool.input.{name}", properties, {"output": spelled}, role="input")


def describe_output(name: str, spelled: str, default: Any) -> NodeDescription:
    properties = [prop("name", "str", ""), prop("value", spelled, default), prop("description", "str", "")]
    return describe(f"nodetool.output.{name}", properties, {"output": spelled}, role="output")


TEXT = [prop("a", "str", ""), prop("b", "str", "")]

DESCRIPTIONS = [
    describe_input("StringInput", "str", ""),
    describe_input("BooleanInput", "bool", False),
    describe_input("StringListInput", "list[str]", []),
    describe_input("ImageInput", "image", {"type": "image", "uri": ""}),
    describe_input("IntegerInput", "int", 0, prop("min", "int", 0), prop("max", "int", 100)),
    describe_input("FloatInput", "float", 0.0, prop("min", "float", 0), prop("max", "float", 100)),
    describe_output("StringOutput", "str", ""),
    describe_output("IntegerOutput", "int", 0),
    describe_output("ListOutput", "list[str]", []),
    describe_output("ImageOutput", "image", {"type": "image", "uri": ""}),
    describe_output("Output", "any", None),
    describe("test.Concat", TEXT),
    describe("test.Number", [prop("value", "int", 0, min=0, max=10), prop("ratio", "float", 0.5)], {"output": "int"}),
    describe("test.Choice", [prop("mode", enum("fast", "good"), "fast")]),
    describe("test.Picture", [prop("image", "image", {"type": "image", "uri": ""})], {"output": "image"}),
    describe("test.Needy", [prop("text", "str", required=True)]),
    describe("test.Words", [prop("text", "str", "")], yields=True),
    describe("test.Tokens", [prop("text", "str", "")], {"output": "chunk"}, yields=True),
    describe(
        "test.Collect",
        [prop("items", "any", stream=True), prop("separator", "str", "")],
        {"output": "list[any]"},
        runs="async",
    ),
    describe("test.Batch", [prop("items", "str", stream=True)], {"output": "list[str]"}, runs="async", yields=True),
    describe(
        "test.If", [prop("condition", "bool", False), prop("value", "any")], {"if_true": "any", "if_false": "any"}
    ),
    describe("test.Format", [prop("template", "str", "")], is_dynamic=True),
    describe("test.Fan", [prop("text", "str", "")], {}, supports_dynamic_outputs=True),
    describe("test.Slow", [prop("text", "str", "")], runs="blocking"),
    describe("test.ResizeNode", [prop("text", "str", "")]),
    describe("test.Preview", [prop("value", "any")], {}, role="preview"),
    describe("test.Comment", [prop("comment", "str", "")], {}, role="note"),
]


def catalogue(*more: NodeDescription) -> Catalogue:
    return Catalogue(Index(packs=[Pack(name="test", nodes=[*DESCRIPTIONS, *more])], hash="abc"))


CATALOGUE = catalogue()


def node(id: str, type: str, data: dict[str, Any] | None = None, **more: Any) -> GraphNode:
    """Make a node; a type without a namespace is one of ``test``."""
    return GraphNode(id=id, type=type if "." in type else f"test.{type}", data=data, **more)


def inlet(id: str, type: str = "StringInput", **data: Any) -> GraphNode:
    return node(id, f"nodetool.input.{type}", {"name": id, **data})


def outlet(id: str, type: str = "Output", **data: Any) -> GraphNode:
    return node(id, f"nodetool.output.{type}", {"name": id, **data})


def edge(spelled: str, id: str | None = None) -> GraphEdge:
    """Read an edge from ``a.out > b.in``; handles that are not written are ``output`` and ``value``."""
    (source, _, out), (target, _, into) = (end.strip().partition(".") for end in spelled.split(">"))
    return GraphEdge(id=id, source=source, source_handle=out or "output", target=target, target_handle=into or "value")


def graph(*parts: GraphNode | str) -> Graph:
    """Put nodes and spelled edges together."""
    return Graph(
        nodes=[part for part in parts if isinstance(part, GraphNode)],
        edges=[edge(part) for part in parts if isinstance(part, str)],
    )


def chain(length: int) -> Graph:
    """An input, *length* nodes one behind the other, and an output."""
    names = ["in", *(f"n{number}" for number in range(length)), "out"]
    nodes = [inlet("in"), *(node(name, "Concat", {"b": "!"}) for name in names[1:-1]), outlet("out")]
    ends = pairwise(names)
    return graph(*nodes, *(f"{one} > {other}.{'value' if other == 'out' else 'a'}" for one, other in ends))
