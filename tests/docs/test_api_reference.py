"""The reference says what the code does, no more and no less."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import pytest

from nodetool.protocol import errors
from nodetool.protocol.answers import JobDocument, NodeProfile, TokenDocument
from nodetool.protocol.commands import AnyCommand
from nodetool.protocol.documents import Workflow
from nodetool.protocol.errors import NodetoolError
from nodetool.protocol.events import AnyEvent, Event
from nodetool.server.asgi import build
from nodetool.server.errors import INTERNAL, STATUS, status_of
from nodetool.server.openapi import DOCS
from nodetool.server.options import Options
from nodetool.server.routes import sockets_of
from tests.docs.markdown import table
from tests.server.fakes import House

SURFACES: list[Literal["editor", "worker"]] = ["editor", "worker"]
COLUMN = {"editor": 1, "worker": 2}


@pytest.fixture
def page(root: Path) -> Path:
    return root / "docs" / "api-reference.md"


def ticked(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def fields(kind: Any) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def routed(surface: Literal["editor", "worker"]) -> set[tuple[str, str]]:
    routes = build(House().services, Options(surface=surface)).routes
    return {(route.method, route.path) for route in routes} | {("WebSocket", path) for path in sockets_of(surface)}


def told(page: Path, surface: str) -> Iterator[tuple[str, str]]:
    for row in table(page, "Unified Endpoint Matrix"):
        if "*planned*" not in row[0]:
            paths = ticked(row[COLUMN[surface]])
            yield from ((method, path.rstrip("/") or "/") for path in paths for method in row[3].split(", "))


@pytest.mark.parametrize("surface", SURFACES)
async def test_the_matrix_has_the_routes_of_the_router(page: Path, surface: Literal["editor", "worker"]) -> None:
    rows = list(told(page, surface))

    assert len(rows) == len(set(rows))
    assert set(rows) == routed(surface)


@pytest.mark.parametrize("surface", SURFACES)
async def test_the_matrix_says_who_may_ask(page: Path, surface: Literal["editor", "worker"]) -> None:
    said = {
        (method, path.rstrip("/") or "/"): row[4]
        for row in table(page, "Unified Endpoint Matrix")
        for path in ticked(row[COLUMN[surface]])
        for method in row[3].split(", ")
    }

    for route in build(House().services, Options(surface=surface)).routes:
        needs = ", ".join(sorted(route.needs, reverse=True)) if route.needs else "public"
        assert said[route.method, route.path] == needs, route


def test_what_is_planned_is_not_routed(page: Path) -> None:
    planned = [row for row in table(page, "Unified Endpoint Matrix") if "*planned*" in row[0]]

    paths = {path for row in planned for cell in row[1:3] for path in ticked(cell)}
    assert paths
    assert paths.isdisjoint(path for surface in SURFACES for _, path in routed(surface))


def test_every_query_and_header_of_a_request_is_told(page: Path) -> None:
    known = {parameter["name"] for doc in DOCS.values() for parameter in doc.query}

    assert known <= {word for row in table(page, "Queries and headers") for word in ticked(row[1])}


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("Workflow", Workflow), ("Job", JobDocument), ("Token", TokenDocument), ("Profile", NodeProfile)],
)
def test_the_fields_of_a_document_are_told(page: Path, heading: str, kind: type) -> None:
    said = [name for row in table(page, heading) for name in ticked(row[0])]

    assert sorted(said) == sorted(fields(kind))


def every(kind: type[NodetoolError]) -> Iterable[type[NodetoolError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from every(below)


def test_every_error_is_told_with_its_status(page: Path) -> None:
    known = {kind.code: kind for kind in every(NodetoolError) if kind.__module__ == errors.__name__}
    said = {ticked(row[0])[0]: row[1] for row in table(page, "Errors")}

    assert said == {code: status(kind) for code, kind in known.items()} | {INTERNAL: "500"}


def status(kind: type[NodetoolError]) -> str:
    """Return the status of an error; none for those that keep a server from starting."""
    in_table = kind is NodetoolError or any(base in STATUS for base in kind.__mro__)
    return str(status_of(kind.__new__(kind))) if in_table else "–"


def test_every_finding_is_told(page: Path, root: Path) -> None:
    graph = root / "src" / "nodetool" / "graph"
    spelt = re.findall(r'_finding\(f?"([^"]+)"', (graph / "check.py").read_text())
    spelt += re.findall(r'(?:Trouble\(| else )"([^"]+)"', (graph / "calls.py").read_text())
    known = {code.replace("{role}", role) for code in spelt for role in ("input", "output")}

    assert {code for row in table(page, "Findings") for code in ticked(row[0])} == known


def test_every_event_is_told_with_its_fields(page: Path) -> None:
    said = {ticked(row[0])[0]: re.findall(r"`(\w+)`(\??)", row[1]) for row in table(page, "Events")}

    assert said == {kind.__struct_config__.tag: list(marked(kind)) for kind in get_args(AnyEvent)}


def marked(kind: type[Event]) -> Iterator[tuple[str, str]]:
    """Return the fields of an event, with a question mark behind those that may be missing."""
    for field in msgspec.structs.fields(kind)[len(fields(Event)) :]:
        yield field.encode_name, "?" if field.default is None else ""


def test_every_command_is_told_with_its_data(page: Path) -> None:
    said = {ticked(row[0])[0]: set(ticked(row[1])) for row in table(page, "Socket commands")}

    known = {kind.__struct_config__.tag: data(kind) for kind in get_args(AnyCommand)}
    known["end_input_stream"].remove("value")  # of the class that it shares with stream_input
    assert said == known


def data(kind: Any) -> set[str]:
    (field,) = [field for field in msgspec.structs.fields(kind) if field.name == "data"]
    return set(fields(field.type)) if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct) else set()
