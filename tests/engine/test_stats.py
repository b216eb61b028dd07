"""What a node with a task of its own has measured, told with its end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest

from nodetool.protocol.events import NodeStats, NodeUpdate
from nodetool.sdk import Node
from tests.engine.harness import Player, Told, node
from tests.engine.kinds import KINDS

PAUSE = 0.02


class Drip(Node):
    """Sends numbers, each after a pause."""

    type_name: ClassVar = "test.Drip"
    count: int = 3

    async def process(self) -> AsyncIterator[int]:
        for number in range(self.count):
            await asyncio.sleep(PAUSE)
            yield number


class Slow(Node):
    """Takes half as long for each value."""

    type_name: ClassVar = "test.Slow"
    value: Any = None

    async def process(self) -> Any:
        await asyncio.sleep(PAUSE / 2)
        return self.value


@pytest.fixture(scope="module")
def players() -> Iterator[Player]:
    with Player(Drip, Slow, *KINDS) as players:
        yield players


def stats(told: Told, id: str) -> NodeStats | None:
    """Return what came with the end of a node."""
    ends = [event for event in told.events if isinstance(event, NodeUpdate) and event.node_id == id]
    assert ends[0].stats is None
    return ends[-1].stats


@pytest.mark.parametrize(("kind", "firings"), [("test.Slow", 3), ("test.Gather", 1)])
async def test_a_node_that_is_faster_waits_for_what_comes(players: Player, kind: str, firings: int) -> None:
    handle = {"test.Slow": "value", "test.Gather": "items"}[kind]
    told = await players.play([node("d", "test.Drip"), node("n", kind)], f"d.output -> n.{handle}")

    drips, takes = stats(told, "d"), stats(told, "n")
    assert drips
    assert takes
    assert (drips.firings, takes.firings) == (1, firings)
    assert drips.waited_us == 0
    assert drips.took_us >= 3 * PAUSE * 1e6
    assert 0 < takes.waited_us <= takes.took_us


async def test_a_sender_that_has_no_room_waits(players: Player) -> None:
    told = await players.play(
        [node("c", "test.Count", count=6), node("s", "test.Slow")], "c.output -> s.value", capacity=1
    )

    counts, slow = stats(told, "c"), stats(told, "s")
    assert counts
    assert slow
    assert slow.firings == 6
    assert counts.waited_us >= 2 * PAUSE * 1e6
    assert slow.waited_us < counts.waited_us


async def test_a_node_that_is_called_from_the_queue_tells_nothing(players: Player) -> None:
    told = await players.play([node("n", "test.Number", value=1)])

    assert stats(told, "n") is None


async def test_a_node_that_fails_tells_what_it_has_done(players: Player) -> None:
    told = await players.play(
        [node("d", "test.Drip", count=100), node("n", "test.Number", value=1), node("f", "test.Fail", turns=1)],
        "n.output -> f.value",
    )

    stopped = stats(told, "d")
    assert told.of("d") == ["running", "cancelled"]
    assert stopped
    assert stopped.firings == 1
