"""What a workflow takes and gives, as JSON Schema. On a graph with findings it tells what can be told."""

from typing import Any

from nodetool.graph.catalogue import Catalogue, Kind
from nodetool.graph.compile import limits_of, needs_value
from nodetool.graph.streams import VALUE, collects, given_type, streaming
from nodetool.graph.types import item_of
from nodetool.graph.wiring import Wired, Wiring, wire
from nodetool.protocol.descriptions import ANY, TypeMetadata
from nodetool.protocol.documents import Graph
from nodetool.protocol.values import spelled

Schema = dict[str, Any]

_PLAIN: dict[str, Schema] = {
    "any": {},
    "object": {},
    "none": {"type": "null"},
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
}

_MEDIA = frozenset({"asset", "image", "audio", "video", "document", "text", "folder", "dataframe", "excel", "svg"})
"""Types whose content is found by a ``uri``."""


def input_schema(graph: Graph, catalogue: Catalogue) -> Schema:
    """Return the schema of the params: a property for each input that has a name; of two with one the first counts."""
    return input_schema_of(wire(graph, catalogue))


def output_schema(graph: Graph, catalogue: Catalogue) -> Schema:
    """Return the schema of the result. Lists and texts are always there; a value may be missing with its branch."""
    return output_schema_of(wire(graph, catalogue))


def input_schema_of(wiring: Wiring) -> Schema:
    """As ``input_schema``, of a graph that is wired already."""
    found = {one.name: (one, kind) for _, one, kind in reversed(wiring.with_role("input")) if one.name}
    named = dict(reversed(found.items()))
    return {
        "type": "object",
        "properties": {name: _input(one, kind) for name, (one, kind) in named.items()},
        "required": [name for name, (one, kind) in named.items() if needs_value(one, kind)],
        "additionalProperties": False,
    }


def output_schema_of(wiring: Wiring) -> Schema:
    """As ``output_schema``, of a graph that is wired already."""
    streams = streaming(wiring)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for _, one, kind in wiring.with_role("output"):
        if not one.name or one.name in properties:
            continue
        made = collects(one, wiring, streams)
        properties[one.name] = _output(one, kind, made, given_type(one, wiring, streams))
        if made != "value":
            required.append(one.name)
    return {"type": "object", "properties": properties, "required": required}


def _input(one: Wired, kind: Kind) -> Schema:
    declared = kind.properties.get(VALUE)
    schema = {**schema_of(declared.type if declared else ANY), **_texts(one, kind)}
    least, most = limits_of(one, kind)
    if schema.get("type") in ("integer", "number"):
        schema.update({name: limit for name, limit in (("minimum", least), ("maximum", most)) if limit is not None})
    if one.is_streamed:
        return {"type": "array", "items": {**schema, "label": "", "description": ""}, **_texts(one, kind)}
    default = one.settings.get(kind, VALUE)
    if default is not None and not needs_value(one, kind):
        schema["default"] = spelled(default)
    return {**schema, "writeOnly": True} if one.is_secret else schema


def _output(one: Wired, kind: Kind, made: str, type: TypeMetadata) -> Schema:
    if made == "text":
        schema: Schema = {"type": "string"}
    elif made == "list":
        schema = {"type": "array", "items": schema_of(type)}
    else:
        schema = schema_of(type)
    return {**schema, **_texts(one, kind)}


def _texts(one: Wired, kind: Kind) -> Schema:
    """What a form writes beside the field."""
    label = (one.node.data or {}).get("label")
    description = one.settings.get(kind, "description")
    return {
        "label": label if isinstance(label, str) else "",
        "description": description if isinstance(description, str) else "",
    }


def schema_of(type: TypeMetadata) -> Schema:
    """Return the schema of a value. None at the top is never sent, so only parts of a value may be null."""
    if type.type in _PLAIN:
        return dict(_PLAIN[type.type])
    match type.type:
        case "list":
            return {"type": "array", "items": _part(item_of(type))}
        case "tuple":
            return _tuple(type)
        case "dict":
            return {"type": "object", "additionalProperties": _part(item_of(type))}
        case "enum":
            return _enum(type)
        case "union":
            return {"anyOf": [_part(member) for member in type.type_args]} if type.type_args else {}
        case "bytes":
            return _named("bytes", base64={"type": "string"})
        case "chunk":
            return _named("chunk", content={"type": "string"})
        case name if name in _MEDIA:
            return _named(name, uri={"type": "string", "format": "uri"})
        case name:
            return _named(name)


def _part(type: TypeMetadata) -> Schema:
    schema = schema_of(type)
    return {"anyOf": [schema, {"type": "null"}]} if type.optional and schema else schema


def _tuple(type: TypeMetadata) -> Schema:
    """A tuple of one type is of any length."""
    items = [_part(argument) for argument in type.type_args]
    if len(items) < 2:
        return {"type": "array", "items": items[0] if items else {}}
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _enum(type: TypeMetadata) -> Schema:
    if type.values is None:
        return {}
    if all(isinstance(value, str) for value in type.values):
        return {"type": "string", "enum": type.values}
    return {"enum": type.values}


def _named(name: str, **content: Schema) -> Schema:
    """Images, models and the like are maps that say their type."""
    return {
        "type": "object",
        "properties": {"type": {"type": "string", "const": name}, **content},
        "required": ["type"],
    }
