import json
from typing import Any

import pytest

from nodetool.protocol.errors import Fault, InvalidCursor, InvalidGraph
from tests.server.live import Live

GRAPH = {"nodes": [{"id": "a", "type": "x.Y", "ui_properties": {"zIndex": 1}}], "edges": []}
DOCUMENT = {"name": "Greet", "access": "private", "graph": GRAPH, "settings": {"a": 1}, "unknown": True}
URL = "/api/workflows/wf"


async def stored(server: Live, id: str = "wf") -> Any:
    return (await server.http.put(f"/api/workflows/{id}", json=DOCUMENT)).json()


async def test_a_new_workflow_comes_back_whole_with_its_findings_and_an_etag(editor: Live) -> None:
    answer = await editor.http.post("/api/workflows/", json=DOCUMENT)

    assert answer.status_code == 200
    assert answer.headers["etag"] == '"e1"'
    assert answer.json()["graph"] == GRAPH
    assert answer.json()["settings"] == {"a": 1}
    assert answer.json()["findings"] == [
        {"code": "unknown_type", "node_id": "n", "handle": None, "message": "no type x"}
    ]


async def test_every_key_of_a_workflow_is_always_there(editor: Live) -> None:
    document = await stored(editor)

    assert document["thumbnail"] is None
    assert document["tags"] is None
    assert {"input_schema", "output_schema", "tool_name", "run_mode", "created_at"} <= document.keys()


async def test_put_stores_under_an_id_that_is_new(editor: Live) -> None:
    answer = await editor.http.put("/api/workflows/mine", json=DOCUMENT)

    assert (answer.status_code, answer.json()["id"]) == (200, "mine")


async def test_get_reads_what_was_stored(editor: Live) -> None:
    await stored(editor)

    answer = await editor.http.get(URL)

    assert (answer.status_code, answer.json()["id"], answer.headers["etag"]) == (200, "wf", '"e1"')


async def test_delete_answers_null(editor: Live) -> None:
    await stored(editor)

    answer = await editor.http.delete(URL)

    assert (answer.status_code, answer.json()) == (200, None)
    assert (await editor.http.get(URL)).status_code == 404


@pytest.mark.parametrize("path", ["/api/workflows", "/api/workflows/"])
async def test_the_list_answers_with_and_without_a_slash(editor: Live, path: str) -> None:
    await stored(editor, "one")
    await stored(editor, "two")

    answer = await editor.http.get(path)

    assert answer.status_code == 200
    assert [workflow["id"] for workflow in answer.json()["workflows"]] == ["two", "one"]
    assert answer.json()["next"] == ""
    assert answer.json()["workflows"][0]["graph"] == GRAPH


async def test_the_list_hands_limit_and_cursor_over(editor: Live) -> None:
    await stored(editor, "one")
    await stored(editor, "two")

    answer = await editor.http.get("/api/workflows/?limit=1&cursor=abc")

    assert editor.workflows.asked == {"limit": 1, "cursor": "abc"}
    assert answer.json()["next"] == "more"


async def test_columns_leave_parts_out(editor: Live) -> None:
    await stored(editor)

    answer = await editor.http.get("/api/workflows/?columns=name,graph")

    assert answer.json()["workflows"] == [{"id": "wf", "name": "Greet", "graph": GRAPH}]


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        (None, 200),
        ('"e1"', 200),
        ("*", 200),
        ('"e0", "e1"', 200),
        ('"e0"', 412),
        ('W/"e1"', 412),
        ('"e0", "e2"', 412),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_change_is_made_only_if_the_etag_matches(
    editor: Live, method: str, if_match: str | None, status: int
) -> None:
    await stored(editor)
    headers = {"If-Match": if_match} if if_match else {}

    answer = await editor.http.request(method, URL, json=DOCUMENT, headers=headers)

    assert answer.status_code == status
    if status == 412:
        assert answer.json()["code"] == "precondition_failed"
        assert editor.workflows.stored["wf"][1] == "e1"


@pytest.mark.parametrize(
    ("route", "body", "answer", "field"),
    [
        ("GET /api/workflows/nope", "", (404, "not_found"), None),
        ("DELETE /api/workflows/nope", "", (404, "not_found"), None),
        ("POST /api/workflows/", "", (400, "invalid_json"), None),
        ("POST /api/workflows/", "{", (400, "invalid_json"), None),
        ("POST /api/workflows/", b"\xff\xfe", (400, "invalid_json"), None),
        ("POST /api/workflows/", "[" * 100, (400, "invalid_json"), None),
        ("POST /api/workflows/", "[]", (422, "invalid_request"), "$"),
        ("POST /api/workflows/", "{}", (422, "invalid_request"), "$"),
        ("POST /api/workflows/", '{"name": 3}', (422, "invalid_request"), "$.name"),
        ("PUT /api/workflows/wf", '{"name": "n", "tags": [1]}', (422, "invalid_request"), "$.tags[0]"),
        ("GET /api/workflows?limit=0", "", (422, "invalid_request"), "limit"),
        ("GET /api/workflows?limit=1001", "", (422, "invalid_request"), "limit"),
        ("GET /api/workflows?limit=ten", "", (422, "invalid_request"), "limit"),
        ("GET /api/workflows?limit=-1", "", (422, "invalid_request"), "limit"),
        ("GET /api/workflows?limit=٣", "", (422, "invalid_request"), "limit"),
        ("GET /api/workflows?columns=name,secret", "", (422, "invalid_request"), "columns"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_bad_request_is_refused_with_a_problem(
    editor: Live, route: str, body: str | bytes, answer: tuple[int, str], field: str | None
) -> None:
    refused = await editor.http.request(*route.split(" "), content=body)

    assert (refused.status_code, refused.json()["code"]) == answer
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["status"] == refused.status_code
    assert [fault["field"] for fault in refused.json().get("errors", [])] == ([field] if field else [])
    assert not editor.workflows.stored


async def test_what_is_not_a_graph_is_refused_with_all_that_is_wrong(editor: Live) -> None:
    editor.workflows.refuse = InvalidGraph(errors=[Fault(code="no_id", node_id="a", message="it has no id")])

    answer = await editor.http.post("/api/workflows/", json=DOCUMENT)

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_graph"
    assert answer.json()["errors"] == [{"code": "no_id", "node_id": "a", "message": "it has no id"}]


async def test_a_cursor_that_is_none_is_a_bad_request(editor: Live) -> None:
    editor.workflows.refuse = InvalidCursor()

    answer = await editor.http.get("/api/workflows/?cursor=x")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_the_worker_lists_reads_stores_and_deletes_but_makes_no_ids(worker: Live) -> None:
    assert (await worker.http.put("/workflows/wf", json=DOCUMENT)).status_code == 200
    assert (await worker.http.get("/workflows/wf")).json()["id"] == "wf"
    assert len((await worker.http.get("/workflows/")).json()["workflows"]) == 1
    assert (await worker.http.post("/workflows", json=DOCUMENT)).status_code == 405
    assert (await worker.http.delete("/workflows/wf")).json() is None
    assert (await worker.http.get("/api/workflows/")).status_code == 404


async def test_a_form_is_refused_whatever_it_holds(editor: Live) -> None:
    answer = await editor.http.post("/api/workflows/", data={"name": "x"})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_no_other_content_type_is_looked_at(editor: Live) -> None:
    answer = await editor.http.post(
        "/api/workflows/", content=json.dumps(DOCUMENT), headers={"Content-Type": "text/plain"}
    )

    assert answer.status_code == 200
