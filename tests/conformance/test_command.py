"""``nodetool conformance``, as somebody types it."""

import asyncio
import re
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from nodetool.conformance.command import register
from nodetool.conformance.laws import Event
from tests.conformance.liar import Lie, lying
from tests.serving import Served

Type = Callable[..., Result]


@pytest.fixture
def typed() -> Type:
    """What somebody types, at a wide console."""
    cli = typer.Typer()
    register(cli)
    return lambda *words: CliRunner(env={"COLUMNS": "200"}).invoke(cli, list(words))


@pytest.mark.timeout(3600)
def test_the_server_keeps_the_contract(server: Served, typed: Type, scale: int) -> None:
    result = typed(server.url, "--scale", str(scale))

    print(result.output)
    kept = re.search(r"(\d+) of (\d+) kept, (\d+) runs, seed \d+", result.output)
    assert (result.exit_code, result.exception) == (0, None)
    assert kept
    assert kept[1] == kept[2] == "112"
    assert int(kept[3]) >= 80 + 50 * scale
    assert "✗" not in result.output


def test_rows_and_columns_can_be_chosen(server: Served, typed: Type) -> None:
    result = typed(server.url, "--only", "trivial", "--only", "escapes", "--only", "sse", "--seed", "7")

    assert result.exit_code == 0
    assert [line.split("✓")[0].strip() for line in result.output.splitlines() if "✓" in line] == ["trivial", "escapes"]
    assert "2 of 2 kept, 2 runs, seed 7" in result.output


def test_a_name_that_is_not_there_is_told_with_those_that_are(server: Served, typed: Type) -> None:
    result = typed(server.url, "--only", "carrier pigeon")

    assert result.exit_code == 2
    assert "nothing is called 'carrier pigeon'; there are trivial" in " ".join(result.stderr.replace("│", " ").split())


def test_a_server_that_is_not_there_is_a_sentence(typed: Type, unused_tcp_port: int) -> None:
    result = typed(f"http://127.0.0.1:{unused_tcp_port}")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"nodetool: no connection to 127.0.0.1:{unused_tcp_port}")


def test_what_is_no_url_is_wrong_usage(typed: Type) -> None:
    assert typed("localhost:8000").exit_code == 2


class Doubles(Lie):
    """The last event comes twice."""

    def event(self, event: Event) -> list[Event]:
        return [event, event] if event.get("status") == "completed" and event["type"] == "job_update" else [event]


async def test_what_is_broken_is_told_and_the_exit_code_is_1(server: Served, typed: Type) -> None:
    async with lying(server.url) as (liar, url):
        liar.where, liar.lie = "sse", Doubles

        result = await asyncio.to_thread(typed, url, "--only", "trivial", "--only", "sse", "--only", "text")

    assert result.exit_code == 1
    assert "trivial over sse: event 10 (job_update completed) came where event 11 was due" in result.output
    assert "1 of 2 kept" in result.output
