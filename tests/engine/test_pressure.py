"""Inboxes are bounded, and a bound never stops a graph that has a schedule."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from nodetool.engine.pace import LOOK_EVENTS
from nodetool.engine.tape import Tape
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Node, Stream
from tests.engine.harness import Player, node
from tests.engine.kinds import Add, AddInThread, turns

OUT = node("out", "nodetool.output.Output", name="out")
SOURCES = ["test.Count", "test.CountSync", "test.CountInThread"]


class Fast(Node):
    """Count as fast as it is let, and note how far it is."""

    type_name: ClassVar = "test.Fast"
    runs: ClassVar[Runs] = "inline"
    made: ClassVar[int] = 0
    count: int = 1000

    async def process(self) -> AsyncIterator[int]:
        for number in range(self.count):
            type(self).made = number + 1
            yield number


class Slow(Node):
    """Take some turns for each item, and note how far ahead the source is."""

    type_name: ClassVar = "test.Slow"
    ahead: ClassVar[int] = 0
    value: int = 0

    async def process(self) -> int:
        await turns(2)
        type(self).ahead = max(Slow.ahead, Fast.made - self.value)
        return self.value


class SlowReader(Node):
    """The same, reading by itself."""

    type_name: ClassVar = "test.SlowReader"
    value: Stream[int]

    async def process(self) -> int:
        async for item in self.value:
            await turns(2)
            Slow.ahead = max(Slow.ahead, Fast.made - item)
        return 0


@pytest.mark.parametrize("capacity", [1, 2, 64])
@pytest.mark.parametrize("kind", ["test.Slow", "test.SlowReader"])
async def test_a_fast_source_is_never_further_ahead_than_the_inbox_holds(kind: str, capacity: int) -> None:
    Fast.made = Slow.ahead = 0
    with Player(Fast, Slow, SlowReader) as player:
        plan = player.plan(
            [node("f", "test.Fast"), node("s", kind), OUT], "f.output -> s.value", "s.output -> out.value"
        )
        told = await player.run(plan, capacity=capacity)

    assert told.end.status == "completed"
    held_by_source_and_target = 2
    assert 1 < Slow.ahead <= capacity + held_by_source_and_target


async def test_every_inbox_in_a_line_keeps_its_bound() -> None:
    Fast.made = Slow.ahead = 0
    with Player(Fast, Slow) as player:
        plan = player.plan(
            [
                node("f", "test.Fast"),
                *[node(f"r{i}", "nodetool.control.Reroute") for i in range(5)],
                node("s", "test.Slow"),
            ],
            "f.output -> r0.input_value",
            *[f"r{i}.output -> r{i + 1}.input_value" for i in range(4)],
            "r4.output -> s.value",
        )
        await player.run(plan, capacity=4)

    assert Slow.ahead <= 6 * (4 + 1) + 1


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("adder", ["test.Add", "test.AddLater", "test.AddInThread"])
async def test_a_diamond_whose_one_side_collects_what_the_other_lets_through_finishes(
    player: Player, source: str, adder: str
) -> None:
    told = await player.play(
        [node("c", source, count=300), node("t", "test.Total"), node("add", adder), OUT],
        "c.output -> add.b",
        "c.output -> t.items",
        "t.output -> add.a",
        "add.output -> out.value",
        capacity=4,
    )

    total = sum(range(300))
    assert told.result == {"out": [total + number for number in range(300)]}


@pytest.mark.parametrize("source", SOURCES)
async def test_a_zip_of_a_delayed_and_a_direct_branch_finishes(player: Player, source: str) -> None:
    told = await player.play(
        [
            node("c", source, count=200),
            node("d1", "test.AddLater", turns=2),
            node("d2", "test.AddInThread"),
            node("zip", "test.Add", "zip_all"),
            OUT,
        ],
        "c.output -> d1.a",
        "d1.output -> d2.a",
        "d2.output -> zip.a",
        "c.output -> zip.b",
        "zip.output -> out.value",
        capacity=3,
    )

    assert told.result == {"out": [2 * number for number in range(200)]}


async def test_a_zip_of_all_the_items_and_their_number_finishes(player: Player) -> None:
    """The streams differ in length: one side makes three of each item, and two of them wait for a partner."""
    told = await player.play(
        [
            node("c", "test.Count", count=100),
            node("three", "test.Count", count=3),
            node("zip", "test.Add", "zip_all"),
            OUT,
        ],
        "c.output -> three.start",
        "three.output -> zip.a",
        "c.output -> zip.b",
        "zip.output -> out.value",
        capacity=2,
    )

    assert len(told.result["out"]) == 100


async def test_while_a_thread_works_something_moves_and_no_inbox_is_widened() -> None:
    Fast.made = 0
    with Player(Fast, Add, AddInThread) as player:
        plan = player.plan(
            [node("f", "test.Fast"), node("add", "test.Add"), node("once", "test.AddInThread", seconds=0.1)],
            "f.output -> add.a",
            "once.output -> add.b",
        )
        run, _ = player.start(plan, capacity=5)
        task = asyncio.create_task(run.go())
        await asyncio.sleep(0.05)
        assert Fast.made == 5 + 1
        assert (await task).status == "completed"


async def test_a_run_waits_while_its_window_is_full_and_other_runs_go_on(player: Player) -> None:
    opened = asyncio.Event()
    told: list[int] = []

    def room(tape: Tape) -> Any:
        told.append(tape.total)
        return None if tape.total < 100 or opened.is_set() else opened.wait()

    plan = player.plan([node("c", "test.Count", count=1000), OUT], "c.output -> out.value")
    run, _ = player.start(plan, room=room)
    task = asyncio.create_task(run.go())
    await turns(50)

    assert not task.done()
    assert told[-1] < 100 + 2 * LOOK_EVENTS
    assert (await player.run(plan)).end.status == "completed"
    opened.set()
    assert (await task).status == "completed"


async def test_a_long_chain_lets_the_loop_go_round(player: Player) -> None:
    nodes = [node(f"n{i}", "test.Add") for i in range(1000)]
    plan = player.plan(nodes, *[f"n{i}.output -> n{i + 1}.a" for i in range(999)])
    run, _ = player.start(plan)
    task = asyncio.create_task(run.go())
    rounds = 0
    while not task.done():
        await asyncio.sleep(0)
        rounds += 1

    assert rounds >= 3000 / 256
