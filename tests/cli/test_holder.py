"""Whom a command asks."""

from pathlib import Path
from typing import Any

import pytest

from nodetool.cli import remote
from nodetool.cli.holder import NoHome, _home_or_address, server_named
from nodetool.cli.jobs import PAGE, newest
from nodetool.cli.remote import ServerRefused
from nodetool.cli.source import WrongUsage
from nodetool.client import BadAnswer, Refused, Unreachable
from nodetool.protocol.errors import Fault, HomeInUse, InvalidGraph
from nodetool.storage.home import Address, Home


def test_a_server_is_named_by_an_option_or_a_variable_unless_a_home_is_named() -> None:
    env = {"NODETOOL_URL": "http://shell", "NODETOOL_HOME": "of the shell"}

    assert server_named(env, None, None) == "http://shell"
    assert server_named(env, None, "http://option") == "http://option"
    assert server_named(env, Path("mine"), None) is None
    assert server_named({"NODETOOL_URL": ""}, None, None) is None
    with pytest.raises(WrongUsage, match="give one of them"):
        server_named({}, Path("mine"), "http://option")


async def test_a_home_is_made_only_to_store_something(tmp_path: Path) -> None:
    with pytest.raises(NoHome, match="there is no home at"):
        await _home_or_address(tmp_path / "home", makes=False)

    found = await _home_or_address(tmp_path / "home", makes=True)

    assert isinstance(found, Home)
    found.close()


async def test_who_has_the_home_and_does_not_say_where_it_listens_is_told(tmp_path: Path) -> None:
    with (
        Home.open(tmp_path),
        pytest.raises(HomeInUse, match=r"uses this home; it does not say where it listens, so name it with --url"),
    ):
        await _home_or_address(tmp_path, makes=False, seconds=0)


async def test_the_server_of_a_home_is_asked(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        home.announce("http://127.0.0.1:8000")

        found = await _home_or_address(tmp_path, makes=False)
        assert isinstance(found, Address)
        assert (found.url, found.prefix) == ("http://127.0.0.1:8000", "/api")


def test_what_a_server_refuses_ends_a_command_as_it_would_without_one() -> None:
    faults = (Fault(field="$.graph", message="is missing"),)
    graph = remote.told(Refused("no graph", code="invalid_graph", status=422, errors=faults))
    other = remote.told(Refused("no job 'x'", code="not_found", status=404))

    assert (type(graph), graph.detail, graph.errors) == (InvalidGraph, "no graph", faults)
    assert (type(other), other.detail) == (ServerRefused, "no job 'x'")
    for error in (Unreachable("gone"), BadAnswer("odd")):
        assert (type(remote.told(error)), remote.told(error).detail) == (ServerRefused, str(error))


class Many:
    """A holder of many jobs, with numbers for ids."""

    runs = True

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[int] = []

    async def jobs(self, *, workflow_id: str | None, status: str | None, limit: int, cursor: str) -> dict[str, Any]:
        self.asked.append(limit)
        begin = int(cursor or 0)
        end = min(begin + limit, self.count)
        return {"next": str(end) if end < self.count else "", "jobs": [{"id": id} for id in range(begin, end)]}

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody was to ask for {name}")


@pytest.mark.parametrize(
    ("count", "limit", "found", "next", "asked"),
    [
        (5, 20, 5, "", [20]),
        (5, 5, 5, "", [5]),
        (5, 3, 3, "3", [3]),
        (3 * PAGE, 2 * PAGE + 5, 2 * PAGE + 5, "2005", [PAGE, PAGE, 5]),
        (2 * PAGE, 3 * PAGE, 2 * PAGE, "", [PAGE, PAGE]),
    ],
    ids=["all", "just all", "some", "more than a page", "fewer than asked for"],
)
async def test_a_list_is_as_long_as_was_asked(count: int, limit: int, found: int, next: str, asked: list[int]) -> None:
    many = Many(count)

    page, runs = await newest(many, None, None, limit)

    assert page == {"next": next, "jobs": [{"id": id} for id in range(found)]}
    assert (many.asked, runs) == (asked, True)
