"""Who may come in: tokens in headers, in a socket's query and in its first command, and pages that need one."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.auth.identity import SCOPES, Identity
from nodetool.protocol.errors import AuthUnavailable
from nodetool.server.admission import bearer, in_query
from nodetool.server.frames import token_in
from nodetool.server.options import Options
from tests.server.fakes import GUEST, FakeAsking, House
from tests.server.live import Live, live
from tests.server.talk import talking

ALICE = Identity(user="alice", token="static")
RUNNER = Identity(user="alice", scopes=frozenset({"run"}), token="nt_run")
READER = Identity(user="alice", scopes=frozenset({"read"}), token="nt_read")
WRITER = Identity(user="alice", scopes=frozenset({"write"}), token="nt_write")
ONE = Identity(user="alice", scopes=frozenset({"run", "read", "write"}), workflow_id="wf", token="nt_one")
KNOWN = {"alice": ALICE, "runner": RUNNER, "reader": READER, "writer": WRITER, "one": ONE}


def house(guest: Identity | None = None) -> House:
    made = House()
    made.asking = FakeAsking(guest, **KNOWN)
    return made


@pytest.fixture
async def closed() -> AsyncIterator[Live]:
    """A worker that asks for tokens."""
    async with live(house(), surface="worker", again=0.2) as server:
        yield server


@pytest.fixture
async def open_house() -> AsyncIterator[Live]:
    """An Editor that asks nobody, and knows tokens all the same."""
    async with live(house(GUEST)) as server:
        yield server


def token(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "])
async def test_a_token_is_known_however_its_scheme_is_written(closed: Live, scheme: str) -> None:
    assert (await closed.http.get("/workflows", headers={"Authorization": f"{scheme} alice"})).status_code == 200


@pytest.mark.parametrize(
    ("headers", "challenge", "says"),
    [
        ([], 'Bearer realm="nodetool"', "Authorization header required."),
        ([("Authorization", "alice")], 'error="invalid_request"', "Invalid authorization header format."),
        ([("Authorization", "Basic YWxpY2U6")], 'error="invalid_request"', "Invalid authorization header format."),
        ([("Authorization", "Bearer")], 'error="invalid_request"', "Invalid authorization header format."),
        ([("Authorization", "")], 'error="invalid_request"', "Invalid authorization header format."),
        (
            [("Authorization", "Bearer alice"), ("Authorization", "Bearer bob")],
            'error="invalid_request"',
            "Invalid authorization header format.",
        ),
        ([("Authorization", "Bearer mallory")], 'error="invalid_token"', "Invalid authentication token."),
        ([("Authorization", "Bearer alice, alice")], 'error="invalid_token"', "Invalid authentication token."),
    ],
    ids=["none", "bare", "basic", "empty", "blank", "two", "wrong", "joined"],
)
async def test_a_401_says_what_to_send(closed: Live, headers: Any, challenge: str, says: str) -> None:
    answer = await closed.http.get("/workflows", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["content-type"] == "application/problem+json"
    assert challenge in answer.headers["www-authenticate"]
    assert answer.json()["detail"].startswith(says)
    assert "Use 'Authorization: Bearer YOUR_TOKEN'" in answer.json()["detail"]
    assert "mallory" not in answer.text


async def test_a_token_in_the_query_of_a_request_is_none(closed: Live) -> None:
    for name in ("api_key", "token", "auth_token", "access_token"):
        assert (await closed.http.get(f"/workflows?{name}=alice")).status_code == 401


async def test_where_nobody_is_asked_a_strange_token_counts_as_none(open_house: Live) -> None:
    for value in ("Bearer local_token", "Bearer", "Basic YTpi", "x"):
        answer = await open_house.http.get("/api/workflows/", headers={"Authorization": value})
        assert answer.status_code == 200


async def test_without_authorization_nobody_is_asked_who_it_is(open_house: Live) -> None:
    assert (await open_house.http.get("/api/workflows/")).status_code == 200

    assert isinstance(open_house.house.asking, FakeAsking)
    assert open_house.house.asking.asked == []


async def test_an_identity_is_never_taken_from_a_payload(closed: Live) -> None:
    body = {"params": {"user_id": "bob"}, "user_id": "bob", "auth_token": "mallory"}

    assert (await closed.http.post("/workflows/wf/jobs", json=body, headers=token("alice"))).status_code == 202
    assert (await closed.http.post("/workflows/wf/jobs", json={"auth_token": "alice"})).status_code == 401
    assert closed.jobs.newest.user == "alice"


async def test_a_service_that_does_not_answer_is_503_and_no_wrong_token(closed: Live) -> None:
    closed.house.asking.refuse = AuthUnavailable()

    answer = await closed.http.get("/workflows", headers=token("alice"))

    assert (answer.status_code, answer.json()["code"]) == (503, "auth_unavailable")
    assert answer.headers["retry-after"]
    assert (await closed.http.get("/health", headers=token("alice"))).status_code == 200


FOREIGN = [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}]


@pytest.mark.parametrize("headers", FOREIGN, ids=["origin", "disk", "host"])
async def test_a_page_that_is_not_ours_may_call_with_a_token(open_house: Live, headers: dict[str, str]) -> None:
    wrong = await open_house.http.get("/api/workflows/", headers=headers | token("mallory"))
    right = await open_house.http.get("/api/workflows/", headers=headers | token("alice"))

    assert wrong.status_code in {403, 421}
    assert right.status_code == 200
    if origin := headers.get("Origin"):
        assert wrong.headers["access-control-allow-origin"] == origin
        assert right.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize("headers", FOREIGN, ids=["origin", "disk", "host"])
async def test_where_tokens_are_asked_for_a_page_without_one_gets_a_401_it_can_read(
    closed: Live, headers: dict[str, str]
) -> None:
    answer = await closed.http.get("/workflows", headers=headers)

    assert answer.status_code == 401
    assert answer.headers.get("access-control-allow-origin") == headers.get("Origin")
    assert (await closed.http.get("/workflows", headers=headers | token("alice"))).status_code == 200


async def test_a_preflight_needs_no_token(closed: Live) -> None:
    headers = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
        "Host": "api.example",
    }

    answer = await closed.http.options("/workflows/wf/run", headers=headers)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == "authorization"


# Scopes.


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/workflows", {"runner", "reader", "one"}),
        ("GET", "/workflows/wf", {"runner", "reader", "one"}),
        ("PUT", "/workflows/wf", {"writer", "one"}),
        ("DELETE", "/workflows/wf", {"writer", "one"}),
        ("POST", "/workflows/wf/jobs", {"runner", "one"}),
        ("GET", "/jobs", {"runner", "reader", "one"}),
        ("GET", "/metrics", {"reader", "one"}),
        ("GET", "/openapi.json", {"runner", "reader", "one"}),
        ("GET", "/tokens", set()),
        ("POST", "/tokens", set()),
        ("DELETE", "/tokens/x", set()),
    ],
)
async def test_a_token_allows_what_its_scopes_say(closed: Live, method: str, path: str, allowed: set[str]) -> None:
    for name in ("runner", "reader", "writer", "one"):
        answer = await closed.http.request(method, path, headers=token(name), json={"name": "n", "graph": {}})
        if name in allowed:
            assert answer.status_code not in {401, 403}
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
            assert "insufficient_scope" in answer.headers["www-authenticate"]
    assert (await closed.http.request(method, path, headers=token("alice"), json={"name": "n"})).status_code != 403


async def test_a_token_for_one_workflow_sees_nothing_else(closed: Live) -> None:
    closed.jobs.known |= {"other"}
    for id in ("wf", "other"):
        await closed.http.put(f"/workflows/{id}", json={"name": id, "graph": {}}, headers=token("alice"))
    foreign = (await closed.http.post("/workflows/other/jobs", headers=token("alice"))).json()["job_id"]
    mine = (await closed.http.post("/workflows/wf/jobs", headers=token("one"))).json()["job_id"]

    async def status(method: str, path: str) -> int:
        return (await closed.http.request(method, path, headers=token("one"), json={})).status_code

    assert await status("GET", "/workflows/wf") == await status("GET", f"/jobs/{mine}") == 200
    for method, path in (
        ("GET", "/workflows/other"),
        ("PUT", "/workflows/other"),
        ("DELETE", "/workflows/other"),
        ("POST", "/workflows/other/run"),
        ("POST", "/workflows/other/run/stream"),
        ("POST", "/workflows/other/jobs"),
        ("GET", f"/jobs/{foreign}"),
        ("GET", f"/jobs/{foreign}/events"),
        ("POST", f"/jobs/{foreign}/cancel"),
        ("POST", f"/jobs/{foreign}/retry"),
    ):
        assert await status(method, path) in {404, 422}, (method, path)
    assert closed.jobs.all[foreign].cancels == 0
    listed = (await closed.http.get("/workflows", headers=token("one"))).json()["workflows"]
    assert [workflow["id"] for workflow in listed] == ["wf"]
    await closed.http.get("/jobs", headers=token("one"))
    assert closed.jobs.asked["workflow_id"] == "wf"
    assert (await closed.http.get("/jobs?workflow_id=other", headers=token("one"))).json()["jobs"] == []


async def test_a_token_for_one_workflow_makes_no_others(open_house: Live) -> None:
    create = await open_house.http.post("/api/workflows", json={"name": "n", "graph": {}}, headers=token("one"))
    graph = await open_house.http.post("/api/jobs/run", json={"graph": {}}, headers=token("one"))

    assert create.status_code == graph.status_code == 403
    assert not open_house.workflows.stored
    assert not open_house.jobs.all


# Sockets.


@pytest.mark.parametrize("query", ["?api_key=alice", "?token=alice", "?x=1&token=alice"])
async def test_a_socket_takes_a_token_in_its_query(closed: Live, query: str) -> None:
    async with talking(closed.socket_url + query) as talk:
        await talk.run()

    assert closed.jobs.newest.user == "alice"


async def test_a_socket_takes_a_token_in_its_header(closed: Live) -> None:
    async with talking(f"{closed.socket_url}?token=mallory", additional_headers=token("alice")) as talk:
        await talk.run()

    assert closed.jobs.newest.user == "alice"


@pytest.mark.parametrize("place", ["data", "beside"])
@pytest.mark.parametrize("text", [True, False], ids=["text", "binary"])
async def test_a_socket_takes_a_token_in_its_first_command(closed: Live, place: str, text: bool) -> None:
    command: dict[str, Any] = {"command": "run_job", "data": {"workflow_id": "wf", "user_id": "bob"}}
    (command["data"] if place == "data" else command)["auth_token"] = "alice"
    async with talking(closed.socket_url) as talk:
        await talk.socket.send(msgspec.json.encode(command).decode() if text else msgspec.msgpack.encode(command))

        assert (await talk.hear())["message"] == "Job started"
    assert closed.jobs.newest.user == "alice"


@pytest.mark.parametrize(
    ("query", "frame"),
    [
        ("?token=mallory", None),
        ("?api_key=", {"command": "ping"}),
        ("", {"command": "ping"}),
        ("", {"command": "run_job", "data": {"workflow_id": "wf", "auth_token": "mallory"}}),
        ("", {"command": "run_job", "data": {"workflow_id": "wf", "auth_token": 3}}),
        ("", {"type": "ping"}),
        ("", []),
    ],
    ids=["wrong", "empty", "none", "wrong first", "no text", "a ping", "no command"],
)
async def test_a_socket_without_a_good_token_is_closed_with_1008(closed: Live, query: str, frame: Any) -> None:
    async with talking(closed.socket_url + query) as talk:
        if frame is not None:
            await talk.socket.send(msgspec.msgpack.encode(frame))
        code, reason = await talk.closing()

    assert code == 1008
    assert "authentication" in (reason or "")
    assert not closed.jobs.all


async def test_a_socket_that_says_nothing_is_closed_in_time() -> None:
    assert Options().introduction == 5
    async with live(house(), introduction=0.2) as server, talking(server.socket_url) as talk:
        code, reason = await talk.closing()

    assert (code, (reason or "")[:22]) == (1008, "Missing authentication")


async def test_a_socket_whose_token_is_revoked_does_nothing_more(closed: Live) -> None:
    async with talking(f"{closed.socket_url}?token=alice") as talk:
        assert await talk.ask("ping") == {"type": "pong"}
        closed.house.asking.known.clear()
        await talk.send("run_job", workflow_id="wf")

        assert await talk.closing() == (1008, "the token is not valid any longer")
    assert not closed.jobs.all


async def test_a_socket_that_only_listens_is_closed_too_when_its_token_is_revoked(closed: Live) -> None:
    async with talking(f"{closed.socket_url}?token=alice") as talk:
        await talk.run()
        closed.house.asking.known.clear()

        assert (await talk.closing())[0] == 1008
    assert closed.jobs.newest.status == "queued"


async def test_a_socket_goes_on_while_nobody_can_tell_whose_token_it_is(closed: Live) -> None:
    async with talking(f"{closed.socket_url}?token=alice") as talk:
        closed.house.asking.refuse = AuthUnavailable()

        assert await talk.ask("ping") == {"type": "pong"}
    async with talking(f"{closed.socket_url}?token=alice") as talk:
        assert (await talk.closing())[0] == 1013


async def test_scopes_count_on_a_socket(closed: Live) -> None:
    async with talking(f"{closed.socket_url}?token=reader") as talk:
        for command in ("run_job", "cancel_job", "stream_input", "end_input_stream"):
            assert (await talk.ask(command))["code"] == "insufficient_scope"
        assert "active_jobs" in await talk.ask("get_status")
    async with talking(f"{closed.socket_url}?token=writer") as talk:
        assert (await talk.ask("get_status"))["code"] == "insufficient_scope"
    assert not closed.jobs.all


async def test_a_socket_for_one_workflow_sees_nothing_else(closed: Live) -> None:
    closed.jobs.known |= {"other"}
    foreign = (await closed.http.post("/workflows/other/jobs", headers=token("alice"))).json()["job_id"]
    async with talking(f"{closed.socket_url}?token=one") as talk:
        assert (await talk.ask("run_job", workflow_id="other"))["code"] == "not_found"
        assert (await talk.ask("cancel_job", job_id=foreign))["code"] == "not_found"
        assert (await talk.ask("reconnect_job", job_id=foreign))["code"] == "not_found"
        assert (await talk.ask("get_status", job_id=foreign))["status"] == "not_found"
        await talk.run("wf")


@pytest.mark.parametrize("headers", FOREIGN[:2], ids=["origin", "disk"])
async def test_a_socket_of_a_foreign_page_needs_a_token(open_house: Live, headers: dict[str, str]) -> None:
    async with talking(f"{open_house.socket_url}?token=mallory", additional_headers=headers) as talk:
        code, reason = await talk.closing()
        assert code == 1008
        assert "--allow-origin" in (reason or "")
    async with talking(f"{open_house.socket_url}?token=alice", additional_headers=headers) as talk:
        await talk.run()
    assert open_house.jobs.newest.user == "alice"


@given(st.binary())
def test_no_header_query_or_frame_upsets_the_reading_of_tokens(data: bytes) -> None:
    assert isinstance(bearer(data), str)
    assert isinstance(bearer(b"Bearer " + data), str)
    assert in_query(data) is None or isinstance(in_query(data), str)
    assert isinstance(token_in(data), str)
    assert isinstance(token_in(data.decode("utf-8", "surrogateescape").encode("utf-8", "ignore").decode()), str)


def test_admin_holds_every_scope() -> None:
    admin = Identity(user="1", scopes=frozenset({"admin"}))

    assert all(admin.may(frozenset({scope})) for scope in SCOPES)
