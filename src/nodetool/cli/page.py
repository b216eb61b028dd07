"""The node types as a page of documentation. Pure functions."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from nodetool.cli.show import default_of, limits, type_of
from nodetool.protocol.descriptions import NodeDescription, Output, Property

HEAD = """# Node types

Made by `nodetool nodes list --markdown`; `nodetool nodes show TYPE` says more of each. What stands under *class* tells
[how a node runs](cli.md#the-class-of-a-node). A handle is written with its type, its default and its limits; … takes
any further input."""


def node_page(kinds: Iterable[NodeDescription]) -> Iterator[str]:
    """Return the lines of the page: a table for each namespace."""
    ordered = sorted(kinds, key=lambda kind: (kind.namespace, kind.node_type))
    yield HEAD
    yield ""
    yield f"There are {len(ordered)} types."
    for namespace, members in groupby(ordered, key=lambda kind: kind.namespace):
        yield ""
        yield f"## {namespace}"
        yield ""
        yield "| type | title | class | inputs | outputs | what it does |"
        yield "|---|---|---|---|---|---|"
        for kind in members:
            yield f"| {' | '.join(map(_cell, _cells(kind)))} |"


def _cells(kind: NodeDescription) -> tuple[str, ...]:
    inputs = [_code(_input(one)) for one in kind.properties] + ["…"] * kind.is_dynamic
    outputs = [_code(_output(one)) for one in kind.outputs]
    name = kind.node_type.removeprefix(f"{kind.namespace}.")
    first = kind.description.partition("\n")[0].replace("&", "&amp;").replace("<", "&lt;")
    return f"`{name}`", kind.title, kind.runs, "<br>".join(inputs), "<br>".join(outputs), first


def _input(one: Property) -> str:
    return " ".join(part for part in (f"{one.name}: {type_of(one)}", default_of(one), limits(one.min, one.max)) if part)


def _output(one: Output) -> str:
    return f"{one.name}: {type_of(one)}"


def _code(text: str) -> str:
    """Return *text* as code, which may hold backticks itself."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
