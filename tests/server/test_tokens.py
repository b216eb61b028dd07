"""HTTP for the tokens that users make."""

from typing import Any

import pytest

from nodetool.auth.identity import Identity
from tests.server.fakes import FakeAsking, House
from tests.server.live import Live, live


async def test_a_token_is_told_once_and_never_again(editor: Live) -> None:
    body = {"name": "app", "scopes": ["run"], "workflow_id": "wf", "expires_at": "2099-01-01T00:00:00+01:00"}

    answer = await editor.http.post("/api/tokens", json=body)
    made = answer.json()
    listed = (await editor.http.get("/api/tokens")).json()

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"/api/tokens/{made['id']}"
    assert made["token"].startswith("nt_")
    assert made["expires_at"] == "2098-12-31T23:00:00.000000Z"
    assert listed == {"next": "", "tokens": [{key: value for key, value in made.items() if key != "token"}]}
    assert made["last_used_at"] is None


async def test_a_token_is_deleted(editor: Live) -> None:
    made = (await editor.http.post("/api/tokens", json={"name": "app"})).json()

    assert (await editor.http.delete(f"/api/tokens/{made['id']}")).json() is None
    assert (await editor.http.delete(f"/api/tokens/{made['id']}")).status_code == 404
    assert (await editor.http.get("/api/tokens")).json()["tokens"] == []


async def test_a_token_without_wishes_runs_and_reads(editor: Live) -> None:
    assert (await editor.http.post("/api/tokens", json={"name": "app"})).json()["scopes"] == ["run", "read"]


@pytest.mark.parametrize(
    "body",
    [{}, {"name": 3}, {"name": "x", "scopes": "run"}, {"name": "x", "expires_at": "2099-01-01T00:00:00"}, []],
    ids=["no name", "a number", "no list", "no zone", "a list"],
)
async def test_what_is_no_token_is_refused(editor: Live, body: Any) -> None:
    answer = await editor.http.post("/api/tokens", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await editor.http.get("/api/tokens")).json()["tokens"] == []


async def test_another_users_token_is_not_there() -> None:
    house = House()
    house.asking = FakeAsking(None, alice=Identity(user="alice"), bob=Identity(user="bob"))
    async with live(house, surface="worker") as server:
        alice, bob = ({"Authorization": f"Bearer {name}"} for name in ("alice", "bob"))
        made = (await server.http.post("/tokens", json={"name": "x"}, headers=alice)).json()

        assert (await server.http.delete(f"/tokens/{made['id']}", headers=bob)).status_code == 404
        assert (await server.http.get("/tokens", headers=bob)).json()["tokens"] == []
        assert len((await server.http.get("/tokens", headers=alice)).json()["tokens"]) == 1
