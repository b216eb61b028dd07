"""Nodes that read their streams themselves."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from nodetool.sdk import Node, Stream
from tests.engine.harness import Player, node
from tests.engine.kinds import Count, CountInThread, Number, turns

OUT = node("out", "nodetool.output.Output", name="out")


async def test_collect_makes_one_list_of_a_stream(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=200), node("all", "nodetool.control.Collect"), OUT],
        "c.output -> all.input_item",
        "all.output -> out.value",
    )

    assert told.result == {"out": list(range(200))}


async def test_a_reader_starts_with_the_first_item_not_with_the_end(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=2, turns=50), node("r", "test.Running"), OUT],
        "c.output -> r.items",
        "r.output -> out.value",
    )

    running = [getattr(event, "node_id", "") for event in told.events if getattr(event, "status", "") == "running"]
    assert running == ["", "c", "r", "out"]
    assert told.result == {"out": [0, 1]}


async def test_two_streams_are_read_at_once(player: Player) -> None:
    told = await player.play(
        [
            node("a", "test.Count", count=150, turns=1),
            node("b", "test.CountInThread", count=300),
            node("both", "test.Both"),
            OUT,
        ],
        "a.output -> both.a",
        "b.output -> both.b",
        "both.output -> out.value",
    )

    assert told.result == {"out": [list(range(150)), list(range(300))]}


async def test_one_stream_may_be_read_to_its_end_before_the_other_is_begun() -> None:
    class OneAfterTheOther(Node):
        type_name: ClassVar = "test.OneAfterTheOther"
        a: Stream[int]
        b: Stream[int]

        async def process(self) -> list[int]:
            return [item for stream in (self.a, self.b) async for item in stream]

    with Player(Number, Count, OneAfterTheOther) as player:
        told = await player.play(
            [node("c", "test.Count", count=300), node("r", "test.OneAfterTheOther"), OUT],
            "c.output -> r.b",
            "c.output -> r.a",
            "r.output -> out.value",
        )

    assert told.result == {"out": [*range(300), *range(300)]}


async def test_a_reader_that_returns_early_leaves_the_rest_to_be_dropped(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=1000), node("f", "test.First", count=2), OUT],
        "c.output -> f.items",
        "f.output -> out.value",
    )

    assert told.result == {"out": [0, 1]}
    assert told.drained() == {"e0": 1000, "e1": 1}
    assert told.of("c") == ["running", "completed"]


async def test_a_reader_without_edges_reads_nothing_every_time(player: Player) -> None:
    plan = player.plan([node("g", "test.Gather"), OUT], "g.output -> out.value")

    for _ in range(2):
        assert (await player.run(plan)).result == {"out": []}


async def test_a_reader_may_stop_waiting_for_an_item_and_ask_again() -> None:
    class Patient(Node):
        type_name: ClassVar = "test.Patient"
        items: Stream[int]

        async def process(self) -> AsyncIterator[Any]:
            items = aiter(self.items)
            while True:
                try:
                    yield await asyncio.wait_for(anext(items), 0.001)
                except TimeoutError:
                    continue
                except StopAsyncIteration:
                    return

    with Player(CountInThread, Patient) as player:
        told = await player.play(
            [node("c", "test.CountInThread", count=10, seconds=0.005), node("p", "test.Patient"), OUT],
            "c.output -> p.items",
            "p.output -> out.value",
        )

    assert told.result == {"out": list(range(10))}


async def test_what_a_reader_left_reading_ends_with_it() -> None:
    ended: list[str] = []

    async def read(stream: Stream[int]) -> None:
        async for _ in stream:
            pass
        ended.append("left")

    class Careless(Node):
        type_name: ClassVar = "test.Careless"
        items: Stream[int]

        async def process(self) -> str:
            self._tasks.append(asyncio.create_task(read(self.items)))
            await turns(3)
            return "done"

        _tasks: ClassVar[list[asyncio.Task[None]]] = []

    with Player(Count, Careless) as player:
        told = await player.play(
            [node("c", "test.Count", count=5, turns=100), node("r", "test.Careless"), OUT],
            "c.output -> r.items",
            "r.output -> out.value",
        )

    assert told.result == {"out": "done"}
    assert ended == ["left"]


async def test_text_of_a_stream_is_joined_by_its_reader(player: Player) -> None:
    told = await player.play(
        [
            node("each", "nodetool.control.ForEach", input_list=["a", "b"]),
            node("join", "nodetool.text.Collect", separator="-"),
            OUT,
        ],
        "each.output -> join.input_item",
        "join.output -> out.value",
    )

    assert told.result == {"out": "a-b"}
