"""Workflows as people read them. Pure functions."""

import textwrap
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

import msgspec

from nodetool.cli import show
from nodetool.cli.show import WIDTH
from nodetool.cli.show_jobs import CELL, MINUTES, fitted, line, moment, short
from nodetool.protocol import codec
from nodetool.protocol.documents import Finding

HEAD = ("ID", "STATUS", "UPDATED", "NAME")

DEFAULT = 30
"""Characters of a default."""

COLUMNS = ("id", "name", "updated_at", "findings")
"""The parts of a workflow that its row is made of."""

READY = "ready"
COLOURS = {READY: "green"}

PARTS = (
    "id",
    "name",
    "description",
    "access",
    "tags",
    "tool_name",
    "package_name",
    "path",
    "thumbnail",
    "thumbnail_url",
    "run_mode",
    "settings",
    "graph",
)
"""The parts of a workflow that somebody wrote, as files have them: the graph, which is long, at the end."""

Schema = dict[str, Any]


class Shown(msgspec.Struct):
    """The parts of a workflow that people see. A row has the first few."""

    id: str
    name: str
    updated_at: str
    findings: list[Finding]
    created_at: str = ""
    description: str = ""
    tags: list[str] | None = None
    graph: dict[str, Any] = {}
    input_schema: Schema = {}
    output_schema: Schema = {}


def row(document: Mapping[str, Any], zone: tzinfo | None = None) -> tuple[str, ...]:
    """Return a workflow as a row under HEAD."""
    found = shown(document)
    return line(found.id), status(found), moment(found.updated_at, zone)[:MINUTES], line(found.name)


def workflow(document: Mapping[str, Any], zone: tzinfo | None = None) -> Iterator[str]:
    """Return all that is to know about a workflow: what it takes and gives, and what keeps it from running."""
    found = shown(document)
    yield f"{line(found.name)}  {line(found.id)}"
    if found.description:
        yield ""
        yield textwrap.fill(line(found.description), WIDTH)
    yield ""
    facts = [
        ("status", status(found)),
        ("size", size(found.graph)),
        ("tags", line(", ".join(found.tags or ()))),
        ("created", moment(found.created_at, zone)),
        ("updated", moment(found.updated_at, zone)),
    ]
    yield from show.table([fact for fact in facts if fact[1]])
    yield from show.section("Inputs", inputs(found.input_schema))
    yield from show.section("Outputs", outputs(found.output_schema))
    yield from show.section("Findings", [(line(show.finding_line(one)),) for one in found.findings])


def document(workflow: Mapping[str, Any]) -> str:
    """Return a workflow as a file that it can be read from again."""
    shown(workflow)  # it is one
    parts = {name: workflow[name] for name in PARTS if workflow.get(name) not in (None, "")}
    return msgspec.json.format(codec.to_json(parts), indent=2).decode() + "\n"


def shown(document: Mapping[str, Any]) -> Shown:
    return fitted(document, Shown, "no workflow")


def status(found: Shown) -> str:
    return show.count(len(found.findings), "finding") if found.findings else READY


def size(graph: Mapping[str, Any]) -> str:
    return f"{show.count(len(graph['nodes']), 'node')}, {show.count(len(graph['edges']), 'edge')}"


def inputs(schema: Schema) -> list[tuple[str, ...]]:
    """Return a row for each input: its name, type, default, limits and description."""
    required = schema.get("required", ())
    return [
        (line(name, CELL), type_of(one), "required" if name in required else default(one), limits(one), text(one))
        for name, one in schema.get("properties", {}).items()
    ]


def outputs(schema: Schema) -> list[tuple[str, ...]]:
    return [(line(name, CELL), type_of(one), text(one)) for name, one in schema.get("properties", {}).items()]


def type_of(schema: Schema) -> str:
    """Return the type that a JSON Schema asks for, in a word or two."""
    match schema:
        case {"enum": list(values)}:
            return line(" | ".join(map(str, values)), CELL)
        case {"anyOf": list(members)}:
            return " | ".join(map(type_of, members))
        case {"type": "array", "items": dict(item)} if item:
            return f"array of {type_of(item)}"
        case {"properties": {"type": {"const": str(name)}}}:
            return name
        case {"type": str(name)}:
            return name
    return "any"


def default(schema: Schema) -> str:
    return f"= {short(show.as_json(schema['default']), DEFAULT)}" if "default" in schema else ""


def limits(schema: Schema) -> str:
    return show.limits(schema.get("minimum"), schema.get("maximum"))


def text(schema: Schema) -> str:
    return line(schema.get("description") or schema.get("label") or "")
