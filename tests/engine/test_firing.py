"""on_any, zip_all, and what single values do beside streams."""

from typing import Any

import pytest

from nodetool.protocol.events import LogUpdate
from tests.engine.harness import Player, Told, node

OUT = node("out", "nodetool.output.Output", name="out")


@pytest.mark.parametrize("sync_mode", ["on_any", "zip_all"])
@pytest.mark.parametrize("late", ["test.Add", "test.AddLater", "test.AddInThread"])
async def test_a_single_value_stays_for_every_item_even_if_it_comes_late(
    player: Player, sync_mode: str, late: str
) -> None:
    told = await player.play(
        [node("c", "test.Count", count=100), node("x", late, a=1000), node("add", "test.Add", sync_mode), OUT],
        "c.output -> add.a",
        "x.output -> add.b",
        "add.output -> out.value",
    )

    assert told.result == {"out": [1000 + number for number in range(100)]}


async def test_zip_all_pairs_the_nth_items(player: Player) -> None:
    told = await play_two(player, "zip_all", first=3, second=3)

    assert told.result == {"out": [0, 2, 4]}
    assert warnings(told) == []


@pytest.mark.parametrize(("first", "second"), [(3, 5), (200, 3), (0, 4)])
async def test_zip_all_drops_and_counts_the_surplus(player: Player, first: int, second: int) -> None:
    told = await play_two(player, "zip_all", first=first, second=second)

    assert told.result == {"out": [2 * number for number in range(min(first, second))]}
    assert warnings(told) == [f"{abs(first - second)} item(s) had no partner, since another input ended first"]
    assert told.drained() == {"e0": first, "e1": second, "e2": min(first, second)}


async def test_on_any_over_two_streams_fires_for_each_arrival_but_the_first_pair(player: Player) -> None:
    told = await play_two(player, "on_any", first=30, second=20)

    assert len(told.result["out"]) == 30 + 20 - 1
    assert told.result["out"][-1] == 29 + 19


async def test_on_any_over_two_streams_never_fires_if_one_is_empty(player: Player) -> None:
    told = await play_two(player, "on_any", first=0, second=5)

    assert told.result == {"out": []}
    assert told.of("add") == []


async def test_a_node_fires_per_item_however_it_runs(player: Player) -> None:
    for kind in ("test.Add", "test.AddLater", "test.AddInThread"):
        told = await player.play(
            [node("c", "test.Count", count=4), node("add", kind, b=1), OUT],
            "c.output -> add.a",
            "add.output -> out.value",
        )
        assert told.result == {"out": [1, 2, 3, 4]}


async def test_a_generator_fires_per_item_and_sends_all_of_one_firing_before_the_next(player: Player) -> None:
    for kind in ("test.Count", "test.CountSync", "test.CountInThread"):
        told = await player.play(
            [node("c", "test.Count", count=3), node("each", kind, count=2), OUT],
            "c.output -> each.start",
            "each.output -> out.value",
        )
        assert told.result == {"out": [0, 1, 1, 2, 2, 3]}


async def test_a_property_that_is_not_connected_keeps_its_value(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=3), node("add", "test.Add", b=7), OUT],
        "c.output -> add.a",
        "add.output -> out.value",
    )

    assert told.result == {"out": [7, 8, 9]}


async def play_two(player: Player, sync_mode: str, *, first: int, second: int) -> Told:
    return await player.play(
        [
            node("a", "test.Count", count=first),
            node("b", "test.CountSync", count=second),
            node("add", "test.Add", sync_mode),
            OUT,
        ],
        "a.output -> add.a",
        "b.output -> add.b",
        "add.output -> out.value",
    )


def warnings(told: Told) -> list[Any]:
    return [event.content for event in told.events if isinstance(event, LogUpdate) and event.severity == "warning"]
