"""What stands for a firing at providers."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.dear import DEAR, Job
from tests.engine.harness import Player, node
from tests.engine.kinds import KINDS

OUT = node("out", "nodetool.output.Output", name="out")


@pytest.fixture(scope="module")
def players() -> Iterator[Player]:
    with Player(*KINDS, *DEAR) as player:
        yield player


async def token(players: Player, *, id: str = "t", job_id: str = "job", attempt: int = 1, **data: Any) -> str:
    plan = players.plan([node(id, "test.Token", **data), OUT], f"{id}.output -> out.value")
    told = await players.run(plan, job_id=job_id, attempt=attempt)
    _, first, second = told.result["out"]
    assert first == second
    return str(first)


async def test_the_token_is_one_that_every_provider_takes(players: Player) -> None:
    found = await token(players)

    assert len(found) == 36
    assert found.isascii()


async def test_the_token_is_the_same_on_each_attempt_and_another_for_each_job_and_node(players: Player) -> None:
    found = await token(players)

    assert await token(players, attempt=2) == found
    assert len({found, await token(players, job_id="other"), await token(players, id="u")}) == 3


@pytest.mark.parametrize("kind", ["test.Token", "test.DearToken"])
async def test_firings_have_the_same_tokens_in_whatever_order_their_inputs_come(players: Player, kind: str) -> None:
    async def by_value(values: list[Any]) -> list[tuple[Any, str]]:
        nodes = [node("items", "test.Items", value=values), node("t", kind), OUT]
        told = await players.play(nodes, "items.output -> t.value", "t.output -> out.value")
        return [(value, token) for value, token, _ in told.result["out"]]

    first, second = await by_value([1, "a", 1, 2]), await by_value([2, 1, 1, "a"])

    assert sorted(map(repr, first)) == sorted(map(repr, second))
    assert len({token for _, token in first}) == 4


async def test_a_firing_that_is_computed_again_has_its_token_though_others_were_taken(players: Player) -> None:
    nodes = [node("items", "test.Items", value=[1, 1, 1]), node("t", "test.DearToken"), OUT]
    job = Job(players, nodes, "items.output -> t.value", "t.output -> out.value")
    first = await job.run()
    del job.kept[list(job.kept)[1]]
    second = await job.run()

    assert first.result == second.result


async def test_inputs_that_cannot_be_written_down_are_numbered_as_they_come(players: Player) -> None:
    nodes = [node("m", "test.Make", word="object"), node("t", "test.Token"), node("s", "test.Second"), OUT]
    plan = players.plan(nodes, "m.output -> t.value", "t.output -> s.value", "s.output -> out.value")

    assert (await players.run(plan)).result == (await players.run(plan, attempt=2)).result


async def test_a_token_may_be_asked_for_in_a_thread(players: Player) -> None:
    nodes = [node("t", "test.TokenInThread", value=1), OUT]
    told = await players.play(nodes, "t.output -> out.value")

    assert told.result["out"][1] == told.result["out"][2] == await token(players, value=1)
