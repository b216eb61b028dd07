"""What comes to a server on a network: wrong tokens, foreign pages, strange ids and bodies, and what is hardly HTTP.

After each: the answer that is expected, nothing stored, and a server that is well.
"""

import json
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.acceptance.hostile import (
    AUTHORIZATION,
    BODIES,
    FIRST,
    FRAMES,
    HEADERS,
    HOSTS,
    IDS,
    ORIGINS,
    PLACES,
    RAW,
    TOKEN,
)
from tests.graphs import through
from tests.serving import WORKER, Served, serving

GRAPH = through("nodetool.text.Concat", "a")
INNER = ("Traceback", ".py", "sqlite", "SELECT", "msgspec", TOKEN)


class House(NamedTuple):
    """A running server, and its owner's client."""

    served: Served
    http: httpx.Client
    prefix: str

    def stored(self) -> Any:
        """Return what the server holds."""
        workflows = self.http.get(f"{self.prefix}/workflows").json()["workflows"]
        jobs = self.http.get(f"{self.prefix}/jobs").json()["jobs"]
        tokens = self.http.get(f"{self.prefix}/tokens").json()["tokens"]
        return [one["id"] for one in (*workflows, *jobs, *tokens)]

    def is_well(self) -> bool:
        ran = self.http.post(f"{self.prefix}/workflows/good/run", json={"params": {"text": "here"}})
        return bool(ran.json() == {"out": "here"})


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("doors") / "home"
    home.mkdir()
    (home / "deployment.yaml").write_text(f"worker_auth_token: {TOKEN}\n")
    with serving(home, "--host", "127.0.0.1", "--user-rate", "0", "--address-rate", "0", module=WORKER) as served:
        yield from housed(served, "", {"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serving(tmp_path_factory.mktemp("doors") / "home") as served:
        yield from housed(served, "/api", {})


def housed(served: Served, prefix: str, headers: dict[str, str]) -> Iterator[House]:
    with httpx.Client(base_url=served.url, headers=headers, timeout=10, trust_env=False, verify=False) as http:
        saved = http.put(f"{prefix}/workflows/good", json={"name": "good", "graph": GRAPH})
        assert saved.json()["findings"] == []
        yield House(served, http, prefix)


def refused(house: House, answer: httpx.Response, status: int, code: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    for inner in INNER:
        assert inner not in answer.text


@pytest.mark.parametrize("values", AUTHORIZATION.values(), ids=AUTHORIZATION.keys())
def test_without_the_token_nothing_opens(worker: House, values: list[str]) -> None:
    before = worker.stored()
    headers = [(b"Authorization", value.encode("latin-1")) for value in values]
    with httpx.Client(base_url=worker.served.url, timeout=10, trust_env=False, verify=False) as stranger:
        for method, path in (("POST", "/workflows/good/run"), ("DELETE", "/workflows/good"), ("POST", "/tokens")):
            answer = stranger.request(method, path, headers=headers, content=b'{"name": "x"}')
            refused(worker, answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")

    assert worker.stored() == before
    assert worker.is_well()


@pytest.mark.parametrize("place", PLACES)
def test_a_token_in_an_address_is_none(worker: House, place: str) -> None:
    answer = httpx.get(f"{worker.served.url}/workflows{place.format(TOKEN)}", trust_env=False, verify=False)

    refused(worker, answer, 401, "unauthorized")


@pytest.mark.parametrize("name", HEADERS)
def test_a_token_in_another_header_is_none(worker: House, name: str) -> None:
    headers = {name: f"Bearer {TOKEN}", "X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/health"}
    answer = httpx.get(f"{worker.served.url}/workflows", headers=headers, trust_env=False, verify=False)

    refused(worker, answer, 401, "unauthorized")


@pytest.mark.parametrize("origin", ORIGINS, ids=repr)
def test_a_page_that_is_not_ours_does_nothing(editor: House, origin: str) -> None:
    before = editor.stored()
    headers = [(b"Origin", origin.replace("\x00", "%00").encode("latin-1"))]
    for method, path in (("POST", "/api/workflows/good/run"), ("DELETE", "/api/workflows/good")):
        refused(editor, editor.http.request(method, path, headers=headers), 403, "foreign_origin")

    assert editor.stored() == before
    assert editor.is_well()


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_that_is_not_ours_does_nothing(editor: House, host: str) -> None:
    before = editor.stored()
    refused(editor, editor.http.post("/api/workflows/good/run", headers={"Host": host}), 421, "foreign_host")

    assert editor.stored() == before


@pytest.mark.parametrize("id", IDS, ids=lambda one: one[:20])
def test_an_id_of_nothing_is_404_everywhere(worker: House, id: str) -> None:
    before = worker.stored()
    for method, path in (
        ("GET", f"/workflows/{id}"),
        ("DELETE", f"/workflows/{id}"),
        ("POST", f"/workflows/{id}/run"),
        ("GET", f"/jobs/{id}/events"),
        ("POST", f"/jobs/{id}/cancel"),
        ("DELETE", f"/tokens/{id}"),
    ):
        refused(worker, worker.http.request(method, path), 404, "not_found")

    assert worker.stored() == before


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_starts_nothing(worker: House, body: bytes, status: int) -> None:
    before = worker.stored()
    for path in ("/workflows/good/run", "/workflows/good/run?stream=true", "/workflows/good/run/stream"):
        answer = worker.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {status, 422}, answer.text
        refused(worker, answer, answer.status_code, answer.json()["code"])

    assert worker.stored() == before
    assert worker.is_well()


@pytest.mark.parametrize("data", RAW.values(), ids=RAW.keys())
def test_what_is_hardly_http_is_turned_away(worker: House, data: bytes) -> None:
    before = worker.stored()
    with socket.create_connection(("127.0.0.1", worker.served.port), timeout=5) as raw:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        said = heard(raw)

    assert said == b"" or 400 <= int(said.split(b" ", 2)[1]) < 500, said
    for inner in INNER:
        assert inner.encode() not in said
    assert worker.stored() == before
    assert worker.is_well()


def heard(raw: socket.socket) -> bytes:
    said = b""
    try:
        while part := raw.recv(65536):
            said += part
            if b"\r\n\r\n" in said:
                break
    except (ConnectionError, TimeoutError):
        pass
    return said


def test_bad_frames_are_refused_one_by_one_and_start_nothing(worker: House) -> None:
    before = worker.stored()
    url = f"{worker.served.url.replace('http', 'ws')}/predict"
    with connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"}, proxy=None) as talk:
        talk.send('{"command": "set_mode", "data": {"mode": "text"}}')
        assert "Mode set" in str(talk.recv(5))
        for name, frame in FRAMES.items():
            talk.send(frame)
            reply = json.loads(talk.recv(5))
            assert reply["type"] == "error", name
            assert not [inner for inner in INNER if inner in json.dumps(reply)], name
        talk.send('{"command": "ping"}')
        assert json.loads(talk.recv(5)) == {"type": "pong"}

    assert worker.stored() == before
    assert worker.is_well()


@pytest.mark.parametrize("frame", FIRST, ids=lambda frame: repr(frame)[:20])
def test_a_first_frame_without_a_token_ends_the_conversation(worker: House, frame: bytes | str) -> None:
    with connect(f"{worker.served.url.replace('http', 'ws')}/predict", proxy=None) as talk:
        talk.send(frame)
        with pytest.raises(ConnectionClosed):
            talk.recv(5)
        assert talk.close_code == 1008

    assert worker.is_well()


def test_the_tables_are_long_enough() -> None:
    from tests.acceptance.test_hostile import BAD
    from tests.acceptance.test_hostile import FRAMES as MORE

    tables = (AUTHORIZATION, PLACES, HEADERS, ORIGINS, HOSTS, IDS, BODIES, RAW, FRAMES, FIRST, BAD, MORE)
    assert sum(map(len, tables)) >= 200
