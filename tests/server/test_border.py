from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect

from nodetool.server.house import House
from tests.server.live import Live, live
from tests.server.talk import talking

OURS = House("192.168.1.5", ["example.org", "api.example.org:8443"], ["https://app.example", "null"])
STRICT = House("127.0.0.1", [], [])


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("LOCALHOST:3000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("[::1]", True),
        ("192.168.1.5:8000", True),
        ("10.0.0.7:8000", True),
        ("example.org", True),
        ("example.org:80", True),
        ("api.example.org:8443", True),
        ("api.example.org", False),
        ("api.example.org:443", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:8000", False),
        ("localhost:8000.evil.example", False),
        ("evil.example:localhost", False),
        ("10.0.0.8", False),
        ("", False),
    ],
)
def test_hosts_that_are_ours(host: str, known: bool) -> None:
    assert OURS.knows_host(host.encode(), "10.0.0.7") is known


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        ("http://localhost:3000", True),
        ("https://localhost", True),
        ("http://127.0.0.1:5173", True),
        ("http://[::1]:8000", True),
        ("https://app.example", True),
        ("null", True),
        ("http://192.168.1.5:8000", True),
        ("https://192.168.1.5:8000", True),
        ("http://192.168.1.5:8001", False),
        ("http://app.example", False),
        ("https://app.example:8443", False),
        ("https://app.example.evil", False),
        ("http://localhost.evil.example", False),
        ("http://evil.example", False),
        ("http://evil@localhost", False),
        ("http://localhost/path", False),
        ("http://localhost:80:80", False),
        ("file://", False),
        ("http://", False),
        ("ftp://localhost", False),
        ("chrome-extension://abc", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_origins_that_are_ours(origin: str, known: bool) -> None:
    assert OURS.knows_origin(origin.encode(), b"192.168.1.5:8000") is known


def test_a_page_opened_from_disk_is_not_ours_unless_allowed() -> None:
    assert STRICT.knows_origin(b"null", b"127.0.0.1:8000") is False


@given(st.binary(max_size=60))
def test_no_bytes_upset_the_border(value: bytes) -> None:
    assert STRICT.knows_host(value, "127.0.0.1") in {True, False}
    assert STRICT.knows_origin(b"http://" + value, value) in {True, False}


async def test_a_foreign_host_is_421_and_the_answer_names_the_setting(editor: Live) -> None:
    answer = await editor.http.get("/api/workflows/", headers={"Host": "evil.example:8000"})

    assert (answer.status_code, answer.json()["code"]) == (421, "foreign_host")
    assert "--allow-host" in answer.json()["detail"]
    assert "evil.example:8000" in answer.json()["detail"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_a_foreign_origin_is_403_and_the_page_can_read_why(editor: Live, origin: str) -> None:
    answer = await editor.http.post("/api/workflows/wf/run", headers={"Origin": origin})

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert "--allow-origin" in answer.json()["detail"]
    assert origin in answer.json()["detail"]
    assert answer.headers["access-control-allow-origin"] == origin
    assert not editor.jobs.all


async def test_a_page_of_ours_may_read_the_answer_and_its_headers(editor: Live) -> None:
    answer = await editor.http.get("/api/workflows/", headers={"Origin": "http://localhost:3000"})

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "Nodetool-Job-Id" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


async def test_errors_carry_cors_headers_too(editor: Live) -> None:
    answer = await editor.http.get("/nowhere", headers={"Origin": "http://localhost:3000"})

    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"


async def test_without_an_origin_there_are_no_cors_headers(editor: Live) -> None:
    answer = await editor.http.get("/api/workflows/")

    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://evil.example"])
@pytest.mark.parametrize("path", ["/api/workflows/wf/run", "/nowhere"])
async def test_a_preflight_is_answered_and_decides_nothing(editor: Live, path: str, origin: str) -> None:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, authorization",
    }

    answer = await editor.http.options(path, headers=headers)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-headers"] == "content-type, authorization"
    assert "PUT" in answer.headers["access-control-allow-methods"]


async def test_a_preflight_to_a_foreign_host_is_refused(editor: Live) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST", "Host": "evil.example"}

    assert (await editor.http.options("/api/workflows/wf/run", headers=headers)).status_code == 421


async def test_settings_let_others_in() -> None:
    async with live(allow_hosts=("example.org",), allow_origins=("https://app.example",)) as server:
        answer = await server.http.get(
            "/api/workflows/", headers={"Host": "example.org", "Origin": "https://app.example"}
        )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "setting"),
    [({"Origin": "https://evil.example"}, "--allow-origin"), ({"Origin": "null"}, "--allow-origin")],
    ids=["foreign origin", "page from disk"],
)
async def test_a_foreign_socket_is_accepted_and_closed_with_1008(
    editor: Live, headers: dict[str, str], setting: str
) -> None:
    async with talking(editor.socket_url, additional_headers=headers) as talk:
        code, reason = await talk.closing()

    assert code == 1008
    assert setting in (reason or "")
    assert not editor.jobs.all


async def test_a_socket_to_a_foreign_host_is_closed_with_1008(editor: Live) -> None:
    async with connect("ws://evil.example/predict", host="127.0.0.1", port=editor.port, max_size=None) as socket:
        await socket.wait_closed()

    assert socket.close_code == 1008
    assert "--allow-host" in (socket.close_reason or "")


async def test_a_socket_of_a_page_of_ours_is_served(editor: Live) -> None:
    async with talking(editor.socket_url, additional_headers={"Origin": "http://localhost:3000"}) as talk:
        reply: Any = await talk.ask("ping")

    assert reply == {"type": "pong"}
