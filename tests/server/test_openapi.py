import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from nodetool.server.openapi import DOCS
from tests.server.fakes import FakeJob
from tests.server.live import Live

Document = dict[str, Any]


async def description(server: Live) -> Document:
    document: Document = (await server.http.get("/openapi.json")).json()
    return document


def within(value: Any) -> Iterator[Any]:
    """Every value in a document."""
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from within(inner)


async def test_every_route_is_described(editor: Live, worker: Live) -> None:
    for server in (editor, worker):
        document = await description(server)

        told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
        assert told == {(route.method, route.path) for route in server.site.routes}
        for route in server.site.routes:
            said = document["paths"][route.path][route.method.lower()]
            assert said["summary"].endswith(".")
            in_path = [p["name"] for p in said.get("parameters", []) if p["in"] == "path"]
            assert in_path == re.findall(r"\{(\w+)\}", route.path)


async def test_nothing_is_described_that_is_not_there(editor: Live) -> None:
    assert set(DOCS) == {route.operation for route in editor.site.routes}


async def test_every_reference_leads_somewhere_and_every_shape_is_a_schema(editor: Live) -> None:
    document = await description(editor)

    refs = {value["$ref"] for value in within(document) if isinstance(value, dict) and "$ref" in value}
    assert refs <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_operations_have_names_of_their_own(editor: Live) -> None:
    document = await description(editor)

    names = [said["operationId"] for methods in document["paths"].values() for said in methods.values()]
    assert len(set(names)) == len(names)


def run(job: FakeJob) -> None:
    job.run()
    job.say("on the way")
    job.complete(text="x")


@pytest.mark.parametrize(
    ("method", "path", "template", "accept"),
    [
        ("GET", "/api/workflows", "/api/workflows", ""),
        ("POST", "/api/workflows", "/api/workflows", ""),
        ("GET", "/api/workflows/wf", "/api/workflows/{id}", ""),
        ("PUT", "/api/workflows/wf", "/api/workflows/{id}", ""),
        ("DELETE", "/api/workflows/wf", "/api/workflows/{id}", ""),
        ("GET", "/api/workflows/nope", "/api/workflows/{id}", ""),
        ("POST", "/api/workflows/wf/run", "/api/workflows/{id}/run", ""),
        ("POST", "/api/workflows/nope/run", "/api/workflows/{id}/run", ""),
        ("POST", "/api/workflows/wf/jobs", "/api/workflows/{id}/jobs", ""),
        ("GET", "/api/jobs", "/api/jobs", ""),
        ("GET", "/api/jobs/{job}", "/api/jobs/{id}", ""),
        ("GET", "/api/jobs/{job}/events", "/api/jobs/{id}/events", ""),
        ("GET", "/api/jobs/{job}/events?after=99", "/api/jobs/{id}/events", ""),
        ("GET", "/api/jobs/{job}/events", "/api/jobs/{id}/events", "application/x-ndjson"),
        ("POST", "/api/jobs/{job}/cancel", "/api/jobs/{id}/cancel", ""),
        ("POST", "/api/jobs/{job}/retry", "/api/jobs/{id}/retry", ""),
        ("GET", "/api/nodes/metadata", "/api/nodes/metadata", ""),
        ("GET", "/api/nodes/packs", "/api/nodes/packs", ""),
        ("GET", "/health", "/health", ""),
        ("GET", "/ping", "/ping", ""),
        ("GET", "/ready", "/ready", ""),
    ],
)
async def test_answers_fit_their_description(editor: Live, method: str, path: str, template: str, accept: str) -> None:
    document = await description(editor)
    editor.jobs.script = run
    await editor.http.put("/api/workflows/wf", json={"name": "n", "graph": {"nodes": [], "edges": []}, "settings": {}})
    await editor.http.post("/api/workflows/wf/run")

    answer = await editor.http.request(
        method,
        path.replace("{job}", editor.jobs.newest.id),
        json={"name": "n", "graph": {"nodes": [], "edges": []}},
        headers={"Accept": accept} if accept else {},
    )
    said = document["paths"][template][method.lower()]["responses"][str(answer.status_code)]
    content = said["content"][answer.headers["content-type"]]["schema"]

    validator = Draft202012Validator({**content, "components": document["components"]})
    values = [json.loads(line) for line in answer.text.splitlines()] if "ndjson" in accept else [answer.json()]
    assert values
    for value in values:
        validator.validate(value)
    for header in said.get("headers", {}):
        assert header.lower() in answer.headers
