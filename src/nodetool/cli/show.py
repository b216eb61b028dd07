"""What commands print, as text. Pure functions."""

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nodetool.graph.catalogue import Catalogue
from nodetool.graph.metadata import PackMetadata
from nodetool.graph.types import spell
from nodetool.protocol import codec
from nodetool.protocol.descriptions import NodeDescription, Output, Property, Runs
from nodetool.protocol.documents import Finding, Graph

WIDTH = 100

WHY: dict[Runs, str] = {
    "inline": "Its class declares that it takes microseconds and never waits, so it is called in the loop of a shared "
    "runner.",
    "async": "It awaits and never computes for long, so it is a task among others in the loop of a shared runner.",
    "blocking": "It may wait, so it gets a thread, and its run a runner for itself. A plain def is taken for this "
    'unless its class declares otherwise: one that never waits declares runs = "inline".',
    "cpu": "Its class declares that it computes for long, so its run gets a runner for itself, as many at a time as "
    "there are cores.",
    "gpu": "Its class declares that it needs the device, so its run gets a runner for itself, one at a time.",
}
"""What the class of a node means, and where it comes from."""


def outputs(result: Mapping[str, Any]) -> str:
    """Return the outputs of a run for eyes: a single text as it is, else each under its name."""
    match list(result.values()):
        case [str(text)]:
            return text
    return "\n".join(_named(name, value) for name, value in result.items())


def as_json(value: Any) -> str:
    return codec.to_json(value).decode()


def _named(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else as_json(value)
    if not isinstance(value, str) and len(text) > WIDTH:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    return f"{name}:\n{textwrap.indent(text, '  ')}" if "\n" in text else f"{name}: {text}"


def findings(found: Sequence[Finding], graph: Graph, catalogue: Catalogue) -> Iterator[str]:
    """Return a line for each finding: which node and handle, and what is wrong with it."""
    types = {node.id: node.type for node in graph.nodes}
    for finding in found:
        kind = catalogue.get(types[finding.node_id])
        yield finding_line(finding, f" ({kind.title if kind else types[finding.node_id]})")


def finding_line(finding: Finding, title: str = "") -> str:
    handle = f", handle {finding.handle}" if finding.handle else ""
    return f"node {finding.node_id}{title}{handle}: {finding.message} [{finding.code}]"


def summary(name: str, graph: Graph, found: Sequence[Finding]) -> str:
    size = f"{count(len(graph.nodes), 'node')}, {count(len(graph.edges), 'edge')}"
    return f"{name}: {count(len(found), 'finding') if found else 'no findings'} ({size})"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Return rows as lines, with each column as wide as its widest cell."""
    kept = list(rows)
    widths = [max(map(len, column)) for column in zip(*kept, strict=True)]
    for row in kept:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def pack_list(packs: Iterable[PackMetadata]) -> Iterator[str]:
    """Return a line for each pack: its name, how many types it has, and what could not be imported."""
    return table([("PACK", "TYPES", "ERROR"), *((one.name, str(one.nodes), one.error or "") for one in packs)])


def node_list(kinds: Iterable[NodeDescription]) -> Iterator[str]:
    """Return a line for each node type: type, title, class."""
    return table([("TYPE", "TITLE", "CLASS"), *sorted((kind.node_type, kind.title, kind.runs) for kind in kinds)])


def unknown(type_name: str, near: Sequence[str]) -> str:
    """Return the sentence for a type that is not there."""
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"no node type {type_name!r}{meant}"


def node(kind: NodeDescription) -> Iterator[str]:
    """Return all that is to know about a node type."""
    yield f"{kind.title}  {kind.node_type}"
    yield ""
    yield kind.description
    yield from section("Inputs", [*map(_input, kind.properties), *_further(kind)])
    yield from section("Outputs", list(map(_output, kind.outputs)))
    yield ""
    if kind.touches:
        yield f"Touches {' and '.join(kind.touches)}: on the worker only where --allow-nodes names it."
    if kind.secrets:
        yield f"May read the secrets {', '.join(kind.secrets)}."
    yield textwrap.fill(f"Runs {kind.runs}. {WHY[kind.runs]}", WIDTH)
    if kind.timeout:
        yield f"A firing may take {kind.timeout:g} seconds."
    if kind.attempts > 1:
        yield f"A firing that fails with certain errors is tried up to {kind.attempts} times."
    if kind.checkpoint:
        yield "Kept: when its job is started again after a crash, what it sent is not computed again."


def section(title: str, rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Return a title and rows under it, if there are any."""
    if rows:
        yield ""
        yield title
        yield from (f"  {line}" for line in table(rows))


def _input(one: Property) -> tuple[str, ...]:
    return one.name, type_of(one), default_of(one), limits(one.min, one.max), one.description or ""


def type_of(one: Property | Output) -> str:
    members = one.type.values if one.type.type == "enum" else None
    text = " | ".join(map(str, members)) if members else spell(one.type)
    return f"stream of {text}" if one.stream else text


def default_of(one: Property) -> str:
    if one.required:
        return "required"
    return "" if one.stream else f"= {codec.to_json(one.default).decode()}"


def limits(least: float | None, most: float | None) -> str:
    match least, most:
        case None, None:
            return ""
        case _, None:
            return f"from {least:g}"
        case None, _:
            return f"to {most:g}"
    return f"{least:g} to {most:g}"


def _further(kind: NodeDescription) -> list[tuple[str, ...]]:
    return [("…", "any", "", "", "Any further input, under a name of your own.")] if kind.is_dynamic else []


def _output(one: Output) -> tuple[str, ...]:
    return one.name, type_of(one)
