"""A firing may take so long, and not longer. The times are small, and what must not happen has ten times as many."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from nodetool.engine.bind import bind
from nodetool.engine.limit import Stopwatch
from nodetool.engine.run import Run
from nodetool.graph.plan import shorter
from nodetool.protocol.descriptions import Runs
from nodetool.protocol.events import NodeUpdate
from nodetool.protocol.frames import RunLimits
from nodetool.sdk import Node, Stream
from tests.engine.harness import Player, Told, node, reporter
from tests.engine.kinds import KINDS

LIMIT = 0.15
LONG = 2.0
AMPLE = 0.6
"""A limit that nothing is to reach, though all firings together take longer."""

OUT = node("out", "nodetool.output.Output", name="out")


class Sleepy(Node):
    """Await for some seconds, then pass the value on."""

    type_name: ClassVar = "test.Sleepy"

    value: Any = None
    seconds: float = LONG

    async def process(self) -> Any:
        await asyncio.sleep(self.seconds)
        return self.value


class Brief(Sleepy):
    """The same, and its class says how long that may take."""

    type_name: ClassVar = "test.Brief"
    timeout: ClassVar[float] = LIMIT


class Dear(Sleepy):
    """The same, kept."""

    type_name: ClassVar = "test.Dear"
    checkpoint: ClassVar[bool] = True


class Deaf(Sleepy):
    """Hold the loop, as no node should."""

    type_name: ClassVar = "test.Deaf"

    async def process(self) -> Any:
        time.sleep(self.seconds)
        return self.value


class InThread(Node):
    """Hold a thread for some seconds."""

    type_name: ClassVar = "test.InThread"

    value: Any = None
    seconds: float = 4 * LIMIT

    def process(self) -> Any:
        time.sleep(self.seconds)
        return self.value


class Drip(Node):
    """Stream some numbers, and wait some seconds before each."""

    type_name: ClassVar = "test.Drip"

    count: int = 5
    seconds: float = 0.0

    async def process(self) -> AsyncIterator[int]:
        for number in range(self.count):
            await asyncio.sleep(self.seconds)
            yield number


class DripSync(Node):
    """The same, holding the loop."""

    type_name: ClassVar = "test.DripSync"
    runs: ClassVar[Runs] = "inline"

    count: int = 5
    seconds: float = 0.0

    def process(self) -> Iterator[int]:
        for number in range(self.count):
            time.sleep(self.seconds)
            yield number


class DripInThread(DripSync):
    """The same from a thread."""

    type_name: ClassVar = "test.DripInThread"
    runs: ClassVar[Runs] = "blocking"


class Sip(Node):
    """Read a stream to its end, and wait some seconds after each item."""

    type_name: ClassVar = "test.Sip"

    items: Stream[int]
    seconds: float = 0.0

    async def process(self) -> int:
        count = 0
        async for _ in self.items:
            count += 1
            await asyncio.sleep(self.seconds)
        return count


MINE = (Sleepy, Brief, Dear, Deaf, InThread, Drip, DripSync, DripInThread, Sip)


@pytest.fixture(scope="module")
def players() -> Iterator[Player]:
    with Player(*KINDS, *MINE) as player:
        yield player


def assert_timed_out(told: Told, id: str, limit: float = LIMIT) -> None:
    text = f"the node took longer than {limit:g} seconds"
    assert (told.end.status, told.end.code, told.end.error, told.end.node_id) == ("failed", "timed_out", text, id)
    assert told.of(id) == ["running", "error"]
    (error,) = [event.error for event in told.events if isinstance(event, NodeUpdate) and event.error]
    assert error == text


@pytest.mark.parametrize("kind", ["test.Sleepy", "test.Dear"])
async def test_a_node_that_awaits_for_too_long_is_cancelled_and_fails_the_run(players: Player, kind: str) -> None:
    begun = time.monotonic()
    told = await players.play([node("s", kind), OUT], "s.output -> out.value", node_timeout=LIMIT)

    assert_timed_out(told, "s")
    assert time.monotonic() - begun < LONG


async def test_a_class_may_say_how_long_its_nodes_may_take(players: Player) -> None:
    assert_timed_out(await players.play([node("s", "test.Brief")]), "s")


async def test_the_smaller_limit_counts(players: Player) -> None:
    assert_timed_out(await players.play([node("s", "test.Brief")], node_timeout=LONG), "s")
    assert_timed_out(await players.play([node("s", "test.Brief")], node_timeout=LIMIT / 2), "s", LIMIT / 2)


@pytest.mark.parametrize(("one", "other", "least"), [(0, 0, 0), (0, 3, 3), (2, 0, 2), (2, 3, 2)])
def test_no_limit_is_no_limit(one: float, other: float, least: float) -> None:
    assert shorter(one, other) == least


@pytest.mark.parametrize("kind", ["test.Drip", "test.DripSync", "test.DripInThread"])
async def test_of_a_stream_all_items_together_may_take_so_long(players: Player, kind: str) -> None:
    told = await players.play(
        [node("d", kind, count=20, seconds=0.02), OUT], "d.output -> out.value", node_timeout=LIMIT
    )

    assert_timed_out(told, "d")


async def test_each_firing_has_its_own_time(players: Player) -> None:
    nodes = [node("d", "test.Drip", count=20), node("s", "test.Sleepy", seconds=0.04), OUT]
    told = await players.play(nodes, "d.output -> s.value", "s.output -> out.value", node_timeout=AMPLE)

    assert told.result == {"out": list(range(20))}


@pytest.mark.parametrize("kind", ["test.Drip", "test.DripSync", "test.DripInThread"])
async def test_the_time_for_which_a_stream_waits_for_room_does_not_count(players: Player, kind: str) -> None:
    nodes = [node("d", kind, count=20), node("s", "test.Sleepy", seconds=0.04), OUT]
    lines = ("d.output -> s.value", "s.output -> out.value")
    told = await players.play(nodes, *lines, node_timeout=AMPLE, capacity=1)

    assert told.result == {"out": list(range(20))}


async def test_the_time_for_which_a_reader_waits_for_items_does_not_count(players: Player) -> None:
    nodes = [node("d", "test.Drip", count=20), node("s", "test.Sleepy", seconds=0.04), node("r", "test.Sip"), OUT]
    lines = ("d.output -> s.value", "s.output -> r.items", "r.output -> out.value")
    told = await players.play(nodes, *lines, node_timeout=AMPLE)

    assert told.result == {"out": 20}


async def test_the_time_that_a_reader_takes_itself_counts(players: Player) -> None:
    nodes = [node("d", "test.Drip", count=20), node("r", "test.Sip", seconds=0.02), OUT]
    told = await players.play(nodes, "d.output -> r.items", "r.output -> out.value", node_timeout=LIMIT)

    assert_timed_out(told, "r")


async def test_a_node_that_held_the_loop_for_too_long_fails_once_it_lets_go(players: Player) -> None:
    told = await players.play([node("s", "test.Deaf", seconds=2 * LIMIT)], node_timeout=LIMIT)

    assert_timed_out(told, "s")


async def test_a_thread_that_takes_too_long_is_left_behind(players: Player) -> None:
    plan = players.plan([node("t", "test.InThread", seconds=5 * LIMIT), OUT], "t.output -> out.value")
    run, taken = players.start(plan, node_timeout=LIMIT)
    end = await run.go()

    assert_timed_out(Told(taken(), end), "t")
    assert run.threads.at_work
    await asyncio.wait(run.threads.at_work)


async def test_the_time_for_which_a_node_waits_for_a_thread_does_not_count(players: Player) -> None:
    nodes = [node(f"t{number}", "test.InThread", seconds=0.15) for number in range(6)]
    with ThreadPoolExecutor(1) as pool:
        bound = bind(players.plan(nodes), players.find)
        limits = RunLimits(max_result=1 << 20, node_timeout=AMPLE)
        run = Run(bound, {}, reporter(), pool=pool, room=lambda _: None, limits=limits)
        end = await run.go()

    assert end.status == "completed"


async def test_a_watch_that_stands_still_rings_once_it_goes_on() -> None:
    rings: list[float] = []
    watch = Stopwatch(0.1, lambda: rings.append(time.monotonic()))
    watch.start()
    await asyncio.sleep(0.02)
    watch.stop()
    await asyncio.sleep(0.3)
    assert rings == []
    watch.start()
    await asyncio.sleep(0.3)

    assert len(rings) == 1
    watch.stop()
    assert len(rings) == 1


async def test_a_watch_that_is_closed_does_not_ring() -> None:
    rings: list[bool] = []
    watch = Stopwatch(0.01, lambda: rings.append(True))
    watch.start()
    watch.close()
    await asyncio.sleep(0.05)
    watch.stop()

    assert rings == []
