"""Every route that there is, walked through: a new one cannot be forgotten."""

import re
from collections.abc import AsyncIterator
from typing import Literal

import httpx
import pytest

from nodetool.auth.identity import Identity
from nodetool.server.routes import Route, sockets_of
from tests.server.fakes import GUEST, FakeAsking, House
from tests.server.live import Live, live
from tests.server.talk import talking

Surface = Literal["editor", "worker"]

PUBLIC = {("GET", "/"), *((method, f"/{name}") for method in ("GET", "HEAD") for name in ("health", "ping", "ready"))}

NOT_OURS = {
    "foreign origin": {"Origin": "https://evil.example"},
    "page from disk": {"Origin": "null"},
    "foreign host": {"Host": "evil.example"},
    "both": {"Origin": "https://evil.example", "Host": "evil.example"},
}
WRONG = {
    "no token": {},
    "a wrong token": {"Authorization": "Bearer mallory"},
    "no scheme": {"Authorization": "alice"},
    **NOT_OURS,
    **{f"{name}, wrong token": headers | {"Authorization": "Bearer mallory"} for name, headers in NOT_OURS.items()},
}


@pytest.fixture(params=["editor", "worker"])
def surface(request: pytest.FixtureRequest) -> Surface:
    chosen: Surface = request.param
    return chosen


@pytest.fixture
async def closed(surface: Surface) -> AsyncIterator[Live]:
    """A server that asks for tokens."""
    house = House()
    house.asking = FakeAsking(None, alice=Identity(user="alice"), nobody=Identity(user="x", scopes=frozenset()))
    async with live(house, surface=surface) as server:
        yield server


@pytest.fixture
async def open_house(surface: Surface) -> AsyncIterator[Live]:
    """One that asks nobody."""
    house = House()
    house.asking = FakeAsking(GUEST, alice=Identity(user="alice"))
    async with live(house, surface=surface) as server:
        yield server


def walked(server: Live) -> list[tuple[Route, str]]:
    return [(route, re.sub(r"\{\w+\}", "wf", route.path)) for route in server.site.routes]


def is_refused(answer: httpx.Response, status: int, code: str) -> bool:
    """Tell whether this is the answer; that of a HEAD has no body."""
    return answer.status_code == status and (answer.request.method == "HEAD" or answer.json()["code"] == code)


def untouched(server: Live) -> bool:
    house = server.house
    return not (server.jobs.all or server.workflows.stored or house.tokens.rows or house.secrets.values)


async def test_only_these_are_for_everybody(closed: Live) -> None:
    assert {(route.method, route.path) for route in closed.site.routes if route.needs is None} == PUBLIC
    for route, path in walked(closed):
        if route.needs is None:
            answer = await closed.http.request(route.method, path, headers={"Authorization": "Bearer mallory"})
            assert answer.status_code in {200, 404}, path  # there is no page here


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
async def test_every_route_asks_for_a_token(closed: Live, headers: dict[str, str]) -> None:
    for route, path in walked(closed):
        if route.needs is None:
            continue
        for place in (path, path + "/", path + "?token=alice&api_key=alice"):
            answer = await closed.http.request(
                route.method, place, headers=headers, json={"name": "n", "graph": {}, "auth_token": "alice"}
            )
            assert is_refused(answer, 401, "unauthorized"), (route, place)
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers.get("access-control-allow-origin") == headers.get("Origin")
    assert untouched(closed)


async def test_a_token_without_scopes_opens_nothing(closed: Live) -> None:
    for route, path in walked(closed):
        if route.needs is None:
            continue
        answer = await closed.http.request(route.method, path, headers={"Authorization": "Bearer nobody"}, json={})
        assert is_refused(answer, 403, "insufficient_scope"), route
    assert untouched(closed)


@pytest.mark.parametrize("headers", NOT_OURS.values(), ids=NOT_OURS.keys())
@pytest.mark.parametrize("token", [{}, {"Authorization": "Bearer mallory"}], ids=["no token", "a wrong token"])
async def test_every_route_turns_a_foreign_page_away(
    open_house: Live, headers: dict[str, str], token: dict[str, str]
) -> None:
    expected = (421, "foreign_host") if "Host" in headers else (403, "foreign_origin")
    for route, path in walked(open_house):
        answer = await open_house.http.request(
            route.method, path, headers=headers | token, json={"name": "n", "graph": {}}
        )
        assert is_refused(answer, *expected), route
        assert answer.headers.get("access-control-allow-origin") == headers.get("Origin")
    assert untouched(open_house)


async def test_every_socket_asks_for_a_token(closed: Live, surface: Surface) -> None:
    for path in sockets_of(surface):
        url = closed.socket_url.replace("/predict", path)
        async with talking(f"{url}?token=mallory") as talk:
            assert (await talk.closing())[0] == 1008
        async with talking(url) as talk:
            await talk.send("run_job", workflow_id="wf", auth_token="mallory")
            assert (await talk.closing())[0] == 1008
        async with talking(url, additional_headers={"Authorization": "Bearer mallory"}) as talk:
            assert (await talk.closing())[0] == 1008
    assert untouched(closed)


async def test_every_socket_turns_a_foreign_page_away(open_house: Live, surface: Surface) -> None:
    for path in sockets_of(surface):
        url = open_house.socket_url.replace("/predict", path)
        for origin in ("https://evil.example", "null"):
            async with talking(url, additional_headers={"Origin": origin}) as talk:
                assert (await talk.closing())[0] == 1008
    assert untouched(open_house)


async def test_what_changes_something_leaves_a_line(closed: Live) -> None:
    reads = {"GET", "HEAD"}

    assert [route.path for route in closed.site.routes if (not route.action) is not (route.method in reads)] == []
