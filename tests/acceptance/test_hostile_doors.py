"""What comes to a server on a network: wrong tokens, foreign pages, strange ids and bodies, and what is hardly HTTP.

After each: the answer that is expected, nothing stored, and a server that is well.
"""

import json
import socket
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.graphs import through
from tests.serving import WORKER, Served, serving

TOKEN = "a token that the operator has chosen"
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


# Tokens that are none.

AUTHORIZATION: dict[str, list[str]] = {
    "nothing": [],
    "empty": [""],
    "the scheme alone": ["Bearer"],
    "a dot": ["Bearer ."],
    "the token alone": [TOKEN],
    "basic": ["Basic OmEgdG9rZW4="],
    "digest": ["Digest username=x"],
    "another scheme": [f"Token {TOKEN}"],
    "a scheme that begins like it": [f"Bearerx {TOKEN}"],
    "no space": [f"Bearer:{TOKEN}"],
    "too short": [f"Bearer {TOKEN[:-1]}"],
    "too long": [f"Bearer {TOKEN}x"],
    "other case": [f"Bearer {TOKEN.upper()}"],
    "quoted": [f'Bearer "{TOKEN}"'],
    "twice": [f"Bearer {TOKEN}", f"Bearer {TOKEN}"],
    "right and wrong": [f"Bearer {TOKEN}", "Bearer x"],
    "wrong and right": ["Bearer x", f"Bearer {TOKEN}"],
    "joined by a comma": [f"Bearer x, Bearer {TOKEN}"],
    "a made token of nobody": ["Bearer nt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    "an unsigned JWT": ["Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."],
    "SQL": ["Bearer ' OR 1=1 --"],
    "null": ["Bearer null"],
    "very long": ["Bearer " + "x" * 20_000],
    "not ASCII": ["Bearer töken"],
    "what desktops send": ["Bearer local_token"],
}


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


PLACES = [
    "?token={}",
    "?api_key={}",
    "?access_token={}",
    "?auth_token={}",
    "?authorization=Bearer%20{}",
    ";token={}",
    "#Bearer {}",
]


@pytest.mark.parametrize("place", PLACES)
def test_a_token_in_an_address_is_none(worker: House, place: str) -> None:
    answer = httpx.get(f"{worker.served.url}/workflows{place.format(TOKEN)}", trust_env=False, verify=False)

    refused(worker, answer, 401, "unauthorized")


HEADERS = ["X-Api-Key", "X-Auth-Token", "Cookie", "Proxy-Authorization", "X-Forwarded-Authorization", "X-User-Id"]


@pytest.mark.parametrize("name", HEADERS)
def test_a_token_in_another_header_is_none(worker: House, name: str) -> None:
    headers = {name: f"Bearer {TOKEN}", "X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/health"}
    answer = httpx.get(f"{worker.served.url}/workflows", headers=headers, trust_env=False, verify=False)

    refused(worker, answer, 401, "unauthorized")


# Pages and names that are not ours.

ORIGINS = [
    "https://evil.example",
    "http://evil.example:8000",
    "null",
    "",
    "file://",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://evil.example/localhost",
    "http://localhost@evil.example",
    "http://user:pass@localhost",
    "http://localhost:8000.evil.example",
    "http://[::1].evil.example",
    "http://0x7f000001",
    "http://2130706433",
    "http://127.1",
    "https://localhost,https://evil.example",
    "javascript://localhost",
    "chrome-extension://abcdef",
    "http://localhos\u00b4t",
    "http://localhost\x00.evil",
]


@pytest.mark.parametrize("origin", ORIGINS, ids=repr)
def test_a_page_that_is_not_ours_does_nothing(editor: House, origin: str) -> None:
    before = editor.stored()
    headers = [(b"Origin", origin.replace("\x00", "%00").encode("latin-1"))]
    for method, path in (("POST", "/api/workflows/good/run"), ("DELETE", "/api/workflows/good")):
        refused(editor, editor.http.request(method, path, headers=headers), 403, "foreign_origin")

    assert editor.stored() == before
    assert editor.is_well()


HOSTS = [
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.2",
    "0.0.0.0",
    "10.0.0.1",
    "localhost:8000:8000",
    "localhost@evil.example",
    "evil.example#localhost",
    "[::2]",
    "localhost, evil.example",
    "localhost.",
    "xn--localhost-abc",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_name_that_is_not_ours_does_nothing(editor: House, host: str) -> None:
    before = editor.stored()
    refused(editor, editor.http.post("/api/workflows/good/run", headers={"Host": host}), 421, "foreign_host")

    assert editor.stored() == before


# Ids.

IDS = [
    "nobody",
    "GOOD",
    "good%20",
    "%67ood%00",
    "..%2fgood",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "good'--",
    'good"',
    "good;DROP%20TABLE%20workflows",
    "%ff%fe",
    "%F0%9F%98%80",
    "%0d%0aSet-Cookie:%20a=b",
    "a" * 5000,
    "0" * 32,
    "00000000-0000-0000-0000-000000000000",
    "-1",
    "1e9",
    "{id}",
    "${7*7}",
    "%E2%80%AE",
    "null",
]


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


# Bodies.

BODIES: dict[str, tuple[bytes, int]] = {
    "NaN": (b'{"params": {"text": NaN}}', 400),
    "infinity": (b'{"params": {"text": -Infinity}}', 400),
    "a comment": (b'{"params": {} /* x */}', 400),
    "a comma too much": (b'{"params": {},}', 400),
    "single quotes": (b"{'params': {}}", 400),
    "a byte order mark": (b'\xef\xbb\xbf{"params": {}}', 400),
    "UTF-16": ('{"params": {}}'.encode("utf-16"), 400),
    "a zero byte": (b'{"params": {}}\x00', 400),
    "half an escape": (b'{"params": {"text": "\\u12"}}', 400),
    "a control character": (b'{"params": {"text": "\x01"}}', 400),
    "half a document": (b'{"params": {"text": "', 400),
    "two documents": (b"{} {}", 400),
    "deep lists": (b'{"x": ' + b"[" * 65 + b"]" * 65 + b"}", 400),
    "deep maps": (b'{"x": ' + b'{"a":' * 65 + b"1" + b"}" * 65 + b"}", 400),
    "open for ever": (b"[" * 200_000, 400),
    "a number": (b"1", 422),
    "a list": (b"[1]", 422),
    "true": (b"true", 422),
    "an unknown param": (b'{"params": {"__proto__": {"admin": true}}}', 422),
    "another of them": (b'{"params": {"constructor": 1, "text": "x"}}', 422),
    "a map for text": (b'{"params": {"text": {"$gt": ""}}}', 422),
    "a list for text": (b'{"params": {"text": ["a"]}}', 422),
    "an integer beyond numbers": (b'{"params": {"text": ' + b"9" * 5000 + b"}}", 422),
    "a float beyond numbers": (b'{"params": {"text": 1e999}}', 400),
    "a job id that is none": (b'{"params": {}, "job_id": "../../x"}', 422),
    "a job id that is long": (b'{"params": {}, "job_id": "' + b"1" * 10_000 + b'"}', 422),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES.keys())
def test_a_bad_body_starts_nothing(worker: House, body: bytes, status: int) -> None:
    before = worker.stored()
    for path in ("/workflows/good/run", "/workflows/good/run?stream=true", "/workflows/good/run/stream"):
        answer = worker.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {status, 422}, answer.text
        refused(worker, answer, answer.status_code, answer.json()["code"])

    assert worker.stored() == before
    assert worker.is_well()


# Hardly HTTP.

AUTH = f"Authorization: Bearer {TOKEN}\r\n".encode()
POST = b"POST /workflows/good/jobs HTTP/1.1\r\nHost: localhost\r\n" + AUTH

RAW: dict[str, bytes] = {
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "a length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks that are strange": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a length that is text": POST + b"Content-Length: two\r\n\r\n{}",
    "a length with a plus": POST + b"Content-Length: +2\r\n\r\n{}",
    "a length beyond numbers": POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "a chunk of no size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "a chunk beyond numbers": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "a header without a colon": b"GET /workflows HTTP/1.1\r\nHost localhost\r\n\r\n",
    "a header with a space": b"GET /workflows HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "a zero byte in a header": b"GET /workflows HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
    "no host": b"GET /workflows HTTP/1.1\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path that is none": b"GET workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method that is none": b"G<T /workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a method in small letters": b"get /workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "connect": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n",
    "trace": b"TRACE /workflows HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "the whole address": b"GET http://evil.example/workflows HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "HTTP 0.9": b"GET /workflows\r\n\r\n",
    "HTTP 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an upgrade to nothing": b"GET /workflows HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "noise": bytes(range(256)) * 4,
}


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


# Frames.

FRAMES: dict[str, bytes | str] = {
    "an identity": '{"command": "run_job", "data": {"workflow_id": "nobody", "user_id": "2", "auth_token": "x"}}',
    "a graph": '{"command": "run_job", "data": {"graph": {"nodes": [], "edges": []}}}',
    "a graph and a workflow": '{"command": "run_job", "data": {"workflow_id": "good", "graph": {"nodes": []}}}',
    "deep params": b"\x82\xa7command\xa7run_job\xa4data\x82\xabworkflow_id\xa4good\xa6params\x81\xa4text"
    + b"\x91" * 70
    + b"\xc0",
    "deep JSON": '{"command": "run_job", "data": {"workflow_id": "good", "params": {"text": '
    + "[" * 70
    + "]" * 70
    + "}}}",
    "an extension": msgspec.msgpack.encode(
        {"command": "run_job", "data": {"workflow_id": "good", "params": {"text": msgspec.msgpack.Ext(7, b"x")}}}
    ),
    "an integer beyond numbers": '{"command": "run_job", "data": {"workflow_id": "good", "params": {"text": 1'
    + "0" * 400
    + "}}}",
    "a map that promises more": b"\xdf\xff\xff\xff\xff",
    "a list that promises more": b"\xdd\xff\xff\xff\xff",
    "a text that promises more": b"\xdb\xff\xff\xff\xffabc",
    "keys that are numbers": b"\x81\x01\x02",
    "a number": b"\x01",
    "nothing": "",
    "a null": "null",
    "a job id that is none": '{"command": "run_job", "data": {"workflow_id": "good", "job_id": "x"}}',
    "a mode that is none": '{"command": "set_mode", "data": {"mode": "xml"}}',
    "less than nothing": '{"command": "reconnect_job", "data": {"job_id": "x", "after": -1}}',
    "data that is a list": '{"command": "run_job", "data": []}',
    "a request id beyond numbers": '{"command": "cancel_job", "request_id": ' + "9" * 30 + "}",
    "a command in capitals": '{"command": "RUN_JOB"}',
}


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


FIRST = [
    b"",
    b"\xc1",
    "x",
    "{}",
    "[]",
    '{"auth_token": 1}',
    '{"auth_token": null, "data": {"auth_token": []}}',
    "{" * 9999,
]


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
