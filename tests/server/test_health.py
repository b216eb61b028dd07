import re

import pytest

from tests.server.live import Live


@pytest.mark.parametrize("path", ["/health", "/ping", "/ready"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_health_answers_on_both_surfaces(editor: Live, worker: Live, method: str, path: str) -> None:
    for server in (editor, worker):
        answer = await server.http.request(method, path)

        assert answer.status_code == 200
        assert bool(answer.content) == (method == "GET")
        assert int(answer.headers["content-length"]) > 0


async def test_health_says_healthy(editor: Live) -> None:
    assert (await editor.http.get("/health")).json() == {"status": "healthy"}


async def test_ping_tells_the_time(editor: Live) -> None:
    answer = (await editor.http.get("/ping")).json()

    assert answer["status"] == "healthy"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", answer["timestamp"])


async def test_ready_is_503_and_names_what_is_missing(editor: Live) -> None:
    editor.house.readiness.missing = ["no runner stands", "the node index is being made"]

    answer = await editor.http.get("/ready")

    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert [fault["message"] for fault in answer.json()["errors"]] == editor.house.readiness.missing
    assert "retry-after" in answer.headers


async def test_a_server_that_stops_is_not_ready(editor: Live) -> None:
    await editor.site.shutdown()

    assert (await editor.http.get("/ready")).status_code == 503
    assert (await editor.http.get("/health")).status_code == 200


async def test_the_editor_describes_node_types(editor: Live, worker: Live) -> None:
    assert (await editor.http.get("/api/nodes/metadata")).json() == [{"node_type": "x.Y"}]
    assert (await editor.http.get("/api/nodes/packs")).json() == [{"name": "x", "nodes": 1, "error": None}]
    assert (await worker.http.get("/api/nodes/metadata")).status_code == 404
