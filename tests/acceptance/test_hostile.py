"""Bad input gets a clear refusal, changes nothing and hurts nobody."""

import json
from contextlib import suppress
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed

from tests.acceptance.client import Client
from tests.graphs import graph, node, output, text_input, through

JSON = {"Content-Type": "application/json"}
DEEP = b'{"params": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
RUN = "POST /api/workflows/good/run"
SAVE = "POST /api/workflows/"
ANY = "POST /api/jobs/run"


class Bad(NamedTuple):
    request: str
    body: Any
    status: int
    code: str
    names: str = ""
    """What the answer has to name."""


def saved(graph: Any, **fields: Any) -> Any:
    return {"name": "bad", "graph": graph, **fields}


LOOSE = graph([text_input()], "in.output -> nowhere.value")
TWICE = graph([text_input(), text_input()])
MANY = graph([node(str(number), "nodetool.constant.String") for number in range(20_001)])

BAD = {
    "not JSON": Bad(RUN, b"{", 400, "invalid_json"),
    "not UTF-8": Bad(RUN, b'{"params": {"text": "\xff"}}', 400, "invalid_json"),
    "half a character": Bad(RUN, b'{"params": {"text": "\\ud800"}}', 400, "invalid_json"),
    "too deep": Bad(RUN, DEEP, 400, "invalid_json", "deep"),
    "two documents": Bad(RUN, b"{}{}", 400, "invalid_json"),
    "a list": Bad(RUN, [], 422, "invalid_request"),
    "a text": Bad(RUN, "x", 422, "invalid_request"),
    "null": Bad(RUN, None, 422, "invalid_request"),
    "params that are a number": Bad(RUN, {"params": 3}, 422, "invalid_request", "$.params"),
    "an unknown param": Bad(RUN, {"params": {"nobody": 1}}, 422, "invalid_params", "nobody"),
    "a param of another type": Bad(RUN, {"params": {"text": {"a": 1}}}, 422, "invalid_params", "text"),
    "an integer beyond 64 bits": Bad(
        RUN, b'{"params": {"text": 99999999999999999999999}}', 422, "invalid_params", "text"
    ),
    "too many params": Bad(RUN, {"params": {str(n): n for n in range(1001)}}, 422, "invalid_params"),
    "a body that is too large": Bad(RUN, b" " * (17 << 20), 413, "too_large"),
    "an unknown workflow": Bad("POST /api/workflows/nobody/run", {}, 404, "not_found", "nobody"),
    "an unknown workflow, streamed": Bad("POST /api/workflows/nobody/run?stream=true", {}, 404, "not_found"),
    "an unknown workflow, as events": Bad("POST /api/workflows/nobody/run/stream", {}, 404, "not_found"),
    "a strange stream": Bad("POST /api/workflows/good/run?stream=maybe", {}, 422, "invalid_request", "stream"),
    "a form": Bad("FORM /api/workflows/good/run", b"a=1", 415, "unsupported_media_type"),
    "a workflow with findings": Bad("POST /api/workflows/broken/run", {}, 422, "workflow_has_findings", "no.such.Type"),
    "an id that is long": Bad(f"POST /api/workflows/{'x' * 300}/run", {}, 404, "not_found"),
    "an id with a line": Bad("POST /api/workflows/a%0d%0ab/run", {}, 404, "not_found"),
    "an id that is a path": Bad("POST /api/workflows/..%2f..%2fetc/run", {}, 404, "not_found"),
    "an id with nothing in it": Bad("GET /api/workflows/%00", None, 404, "not_found"),
    "an id that is SQL": Bad("GET /api/workflows/' OR 1=1 --", None, 404, "not_found"),
    "an unknown job": Bad("GET /api/jobs/" + "0" * 32, None, 404, "not_found"),
    "a job that is no id": Bad("GET /api/jobs/x", None, 404, "not_found"),
    "a job with an id that is long": Bad("GET /api/jobs/" + "1" * 4000, None, 404, "not_found"),
    "events of an unknown job": Bad("GET /api/jobs/x/events", None, 404, "not_found"),
    "cancel of an unknown job": Bad("POST /api/jobs/x/cancel", {}, 404, "not_found"),
    "events after a text": Bad("GET /api/jobs/{job}/events?after=x", None, 422, "invalid_request", "after"),
    "events after less than nothing": Bad("GET /api/jobs/{job}/events?after=-1", None, 422, "invalid_request", "after"),
    "events beyond the log": Bad("GET /api/jobs/{job}/events?after=999999", None, 409, "cursor_ahead"),
    "events beyond numbers": Bad(f"GET /api/jobs/{{job}}/events?after={10**30}", None, 422, "invalid_request", "after"),
    "a wait that is too long": Bad("GET /api/jobs/{job}/events?wait=1e9", None, 422, "invalid_request", "wait"),
    "a page that is too long": Bad("GET /api/jobs/{job}/events?limit=5000", None, 422, "invalid_request", "limit"),
    "an unknown state": Bad("GET /api/jobs?status=done", None, 422, "invalid_request", "status"),
    "a cursor of nobody's": Bad("GET /api/jobs?cursor=x", None, 400, "invalid_cursor"),
    "a workflow without a graph": Bad(SAVE, {"name": "bad"}, 422, "invalid_request", "$.graph"),
    "a workflow without a name": Bad(SAVE, {"graph": through("x.Y")}, 422, "invalid_request", "name"),
    "a graph that is a text": Bad(SAVE, saved("x"), 422, "invalid_graph"),
    "a graph that is a list": Bad(SAVE, saved([]), 422, "invalid_graph"),
    "nodes that are numbers": Bad(SAVE, saved({"nodes": [1], "edges": []}), 422, "invalid_graph", "nodes[0]"),
    "a node without an id": Bad(SAVE, saved({"nodes": [{"type": "x"}], "edges": []}), 422, "invalid_graph", "id"),
    "a doubled id": Bad(SAVE, saved(TWICE), 422, "invalid_graph", "in"),
    "an edge to nowhere": Bad(SAVE, saved(LOOSE), 422, "invalid_graph", "nowhere"),
    "too many nodes": Bad(SAVE, saved(MANY), 422, "invalid_graph", "20000"),
    "a graph that is too deep": Bad(
        SAVE, b'{"name": "x", "graph": ' + b"[" * 99 + b"]" * 99 + b"}", 400, "invalid_json"
    ),
    "neither workflow nor graph": Bad(ANY, {"params": {}}, 422, "invalid_request", "workflow_id"),
    "a graph along that is none": Bad(ANY, {"graph": {"nodes": 3}}, 422, "invalid_graph"),
    "a route that is not there": Bad("GET /api/nothing", None, 404, "not_found"),
    "a method that is not there": Bad("DELETE /api/jobs", None, 405, "method_not_allowed"),
}


@pytest.fixture
def job(client: Client) -> str:
    """A job that has ended; and the workflows that the bad requests name."""
    client.save("good", through("nodetool.text.Concat", "a"))
    broken = saved(graph([node("a", "no.such.Type"), output()], "a.output -> out.value"))
    assert client.http.put("/api/workflows/broken", json=broken).status_code == 200
    return client.lines("good").job_id


def ask(client: Client, bad: Bad, job: str) -> httpx.Response:
    method, _, path = bad.request.replace("{job}", job).partition(" ")
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if method == "FORM" else JSON
    body = bad.body if isinstance(bad.body, bytes) else json.dumps(bad.body).encode()
    return client.http.request(
        "POST" if method == "FORM" else method, path, content=None if method == "GET" else body, headers=headers
    )


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_with_a_problem_and_stores_nothing(client: Client, job: str, bad: Bad) -> None:
    before = stored(client)
    answer = ask(client, bad, job)
    problem = answer.json()

    assert (answer.status_code, problem["code"]) == (bad.status, bad.code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    assert bad.names in answer.text
    for inner in ("Traceback", ".py", "sqlite", "SELECT", "msgspec"):
        assert inner not in answer.text
    assert stored(client) == before
    assert client.run("good", text="still here").json() == {"out": "still here"}


def stored(client: Client) -> Any:
    """Return what the server holds."""
    workflows = client.http.get("/api/workflows/").json()["workflows"]
    newest = client.http.get("/api/jobs?limit=1").json()["jobs"]
    return [workflow["id"] for workflow in workflows], newest[0]["id"]


FRAMES: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ("{", "invalid_frame"),
    "not MessagePack": (b"\xc1", "invalid_frame"),
    "nothing": (b"", "invalid_frame"),
    "a list": ("[]", "invalid_frame"),
    "no command": ("{}", "invalid_frame"),
    "an unknown command": ('{"command": "fly"}', "unknown_command"),
    "a command that is a number": ('{"command": 3}', "unknown_command"),
    "data of another shape": ('{"command": "run_job", "data": 3}', "invalid_request"),
    "an unknown workflow": ('{"command": "run_job", "data": {"workflow_id": "nobody"}}', "not_found"),
    "bad params": ('{"command": "run_job", "data": {"workflow_id": "good", "params": {"x": 1}}}', "invalid_params"),
    "nothing to run": ('{"command": "run_job", "data": {}}', "invalid_request"),
    "a graph that is none": ('{"command": "run_job", "data": {"graph": {"nodes": 1}}}', "invalid_graph"),
    "cancel of nothing": ('{"command": "cancel_job"}', "invalid_request"),
    "cancel of nobody's": ('{"command": "cancel_job", "data": {"job_id": "x"}}', "not_found"),
    "a job that is not there": ('{"command": "reconnect_job", "data": {"job_id": "x"}}', "not_found"),
    "input for nothing": ('{"command": "stream_input", "data": {"input": "x", "value": 1}}', "invalid_request"),
    "input for nobody's": ('{"command": "stream_input", "data": {"job_id": "x", "input": "y"}}', "not_found"),
    "end for nobody's": (
        '{"command": "end_input_stream", "data": {"job_id": "x", "input": "y"}}',
        "not_found",
    ),
    "an extension type": (msgspec.msgpack.encode({"command": "ping", "x": msgspec.msgpack.Ext(5, b"x")}), ""),
    "a deep value": (b"\x82\xa7command\xa4ping\xa4data" + b"\x91" * 100_000 + b"\xc0", "invalid_frame"),
}


def test_bad_frames_are_answered_one_by_one_and_the_socket_lives(client: Client, job: str) -> None:
    with client.talk() as talk:
        talk.ask("set_mode", mode="text")
        for name, (frame, code) in FRAMES.items():
            talk.socket.send(frame)
            reply = talk.hear()
            assert code == "" or (reply["type"], reply["code"]) == ("error", code), name
        assert talk.run("good", text="still here").result == {"out": "still here"}


def test_a_frame_that_is_too_large_closes_the_socket_before_it_is_read(client: Client) -> None:
    head = b"\x82\xff" + (17 << 20).to_bytes(8, "big") + b"mask"
    with client.talk() as talk:
        talk.socket.socket.sendall(head)
        with suppress(ConnectionClosed):
            talk.hear()
        assert talk.socket.protocol.close_code == 1009
    assert client.http.get("/health").status_code == 200
