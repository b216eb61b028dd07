"""Cancelling a run, at any moment, leaves nothing behind."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import pytest

from nodetool.protocol.events import NodeUpdate
from nodetool.sdk import Context, Node, Stream
from tests.engine.harness import Player, Told, eventually, node
from tests.engine.kinds import OPEN, Add, Count, turns

OUT = node("out", "nodetool.output.Output", name="out")

MIXTURE = (
    [
        node("x", "nodetool.input.IntegerInput", name="x", value=1),
        node("c", "test.Count", count=40, turns=1),
        node("s", "test.CountSync", count=40),
        node("t", "test.CountInThread", count=40),
        node("later", "test.AddLater", turns=3),
        node("thread", "test.AddInThread"),
        node("add", "test.Add", "zip_all"),
        node("more", "test.Count", count=3),
        node("run", "test.Running"),
        node("both", "test.Both"),
        OUT,
    ],
    "x.output -> c.start",
    "x.output -> later.a",
    "later.output -> t.start",
    "x.output -> thread.a",
    "c.output -> add.a",
    "t.output -> add.b",
    "add.output -> more.start",
    "more.output -> run.items",
    "run.output -> both.a",
    "s.output -> both.b",
    "both.output -> out.value",
)
"""A node of every kind."""


async def cancelled_after(player: Player, moment: int, *, capacity: int = 2) -> Told:
    """Cancel the mixture after so many turns of the loop."""
    run, taken = player.start(player.plan(MIXTURE[0], *MIXTURE[1:]), capacity=capacity)
    task = asyncio.create_task(run.go())
    await turns(moment + 1)  # the task has begun
    task.cancel()
    end = await task
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not run.threads.at_work
    assert OPEN == []
    return Told(taken(), end)


async def test_a_cancel_at_every_step_of_a_run_leaves_no_task_no_stream_and_no_thread(
    player: Player, scale: int
) -> None:
    moment = 0
    while (told := await cancelled_after(player, moment)).end.status == "cancelled":
        running = {event.node_id for event in told.events if isinstance(event, NodeUpdate)}
        for id in running:
            assert told.of(id)[0] == "running"
            assert told.of(id)[1:] in (["completed"], ["cancelled"])
        assert told.end.result == b""
        moment += 1 + moment // (10 * scale)
    print(f"cancelled at up to {moment} turns of the loop")
    assert moment > 50


async def test_a_cancel_tells_of_the_nodes_that_were_running(player: Player) -> None:
    run, taken = player.start(
        player.plan([node("n", "test.Number"), node("w", "test.Wait"), OUT], "w.output -> out.value")
    )
    task = asyncio.create_task(run.go())
    await turns(5)
    task.cancel()
    end = await task
    told = Told(taken(), end)

    assert told.end.status == "cancelled"
    assert told.of("n") == ["running", "completed"]
    assert told.of("w") == ["running", "cancelled"]
    assert told.of("out") == []


async def test_a_cancel_waits_for_a_thread_and_calls_that_have_not_begun_are_dropped() -> None:
    begun, release = [], threading.Event()

    class Hold(Node):
        type_name: ClassVar = "test.Hold"

        def process(self) -> None:
            begun.append(1)
            release.wait(5)

    with Player(Hold) as player:
        run, _ = player.start(player.plan([node(f"h{i}", "test.Hold") for i in range(30)]))
        task = asyncio.create_task(run.go())
        await eventually(lambda: begun)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, release.set)  # the cancel comes to the run before
        assert (await task).status == "cancelled"
        assert not run.threads.at_work
        assert len(begun) <= 8


async def test_a_generator_in_a_thread_is_closed_where_it_is() -> None:
    closed = threading.Event()

    class Endless(Node):
        type_name: ClassVar = "test.Endless"

        def process(self) -> Iterator[int]:
            try:
                while True:
                    time.sleep(0.001)
                    yield 1
            finally:
                closed.set()

    with Player(Endless) as player:
        run, _ = player.start(player.plan([node("e", "test.Endless"), OUT], "e.output -> out.value"))
        task = asyncio.create_task(run.go())
        await asyncio.sleep(0.01)
        task.cancel()
        assert (await task).status == "cancelled"
        assert closed.is_set()
        assert not run.threads.at_work


class SwallowOnce(Node):
    """Take a cancellation for an error of its own, and go on."""

    type_name: ClassVar = "test.SwallowOnce"
    value: Any = None
    after: str = ""

    async def process(self) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "went on"
        return ""


class SwallowAndStream(Node):
    """The same, and yield more and more."""

    type_name: ClassVar = "test.SwallowAndStream"
    value: Any = None

    async def process(self) -> AsyncIterator[int]:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        while True:
            yield 1


class SwallowAndRead(Node):
    """The same, and read on."""

    type_name: ClassVar = "test.SwallowAndRead"
    items: Stream[int]

    async def process(self) -> list[int]:
        got: list[int] = []
        while True:
            try:
                got.extend([item async for item in self.items])
            except asyncio.CancelledError:
                got.append(-1)
            if len(got) > 5 and got[-1] == -1:
                raise asyncio.CancelledError


@pytest.mark.parametrize("kind", ["test.SwallowOnce", "test.SwallowAndStream"])
@pytest.mark.parametrize("fed", [False, True])
async def test_a_node_that_swallows_its_cancellation_and_goes_on_is_stopped_all_the_same(kind: str, fed: bool) -> None:
    with Player(Count, SwallowOnce, SwallowAndStream) as player:
        plan = player.plan(
            [node("c", "test.Count", count=500), node("s", kind), node("g", "nodetool.control.Collect"), OUT],
            *(["c.output -> s.value"] if fed else []),
            "s.output -> g.input_item",
            "g.output -> out.value",
        )
        run, taken = player.start(plan)
        task = asyncio.create_task(run.go())
        await turns(20)
        task.cancel()
        end = await task
        told = Told(taken(), end)

    assert told.end.status == "cancelled"
    assert told.of("s") == ["running", "cancelled"]
    assert told.of("g") == []


async def test_reading_on_after_a_cancel_is_cancelled_again() -> None:
    with Player(Count, SwallowAndRead) as player:
        plan = player.plan(
            [node("c", "test.Count", count=5, turns=1000), node("s", "test.SwallowAndRead")], "c.output -> s.items"
        )
        run, _ = player.start(plan)
        task = asyncio.create_task(run.go())
        await turns(10)
        task.cancel()
        assert (await task).status == "cancelled"


async def test_a_second_cancel_is_passed_on_and_the_first_still_holds() -> None:
    class Twice(Node):
        type_name: ClassVar = "test.Twice"

        async def process(self) -> None:
            for _ in range(2):
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    continue

    with Player(Twice) as player:
        run, _ = player.start(player.plan([node("t", "test.Twice")]))
        task = asyncio.create_task(run.go())
        await turns(5)
        task.cancel()
        await turns(5)
        assert not task.done()
        task.cancel()
        assert (await task).status == "cancelled"


async def test_tasks_that_a_reader_started_to_read_with_end_with_the_run() -> None:
    class Racing(Node):
        type_name: ClassVar = "test.Racing"
        a: Stream[int]
        b: Stream[int]

        async def process(self) -> None:
            readers = [asyncio.create_task(self._read(stream)) for stream in (self.a, self.b)]
            await asyncio.wait(readers)

        async def _read(self, stream: Stream[int]) -> None:
            async for _ in stream:
                pass

    with Player(Count, Racing) as player:
        plan = player.plan(
            [node("c", "test.Count", count=5, turns=1000), node("r", "test.Racing")],
            "c.output -> r.a",
            "c.output -> r.b",
        )
        run, _ = player.start(plan)
        task = asyncio.create_task(run.go())
        await turns(10)
        task.cancel()
        assert (await task).status == "cancelled"
        await turns(3)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_a_node_says_after_the_end_is_lost() -> None:
    kept: list[Context] = []

    class Keep(Node):
        type_name: ClassVar = "test.Keep"

        async def process(self, ctx: Context) -> None:
            kept.append(ctx)
            ctx.progress(1, 2)
            ctx.progress(2, 2)
            await asyncio.Event().wait()

    with Player(Keep) as player:
        run, taken = player.start(player.plan([node("k", "test.Keep")]))
        task = asyncio.create_task(run.go())
        await turns(5)
        task.cancel()
        await task
        told = [event.__class__.__name__ for event in taken()]
        kept[0].log("too late")
        kept[0].progress(1, 1)

        assert told == ["JobUpdate", "NodeUpdate", "NodeProgress", "NodeProgress", "NodeUpdate"]
        assert taken() == []


async def test_other_runs_go_on() -> None:
    with Player(Count, Add) as player:
        plan = player.plan(
            [node("c", "test.Count", count=50, turns=1), node("add", "test.Add", b=1), OUT],
            "c.output -> add.a",
            "add.output -> out.value",
        )
        runs = [player.start(plan)[0] for _ in range(10)]
        tasks = [asyncio.create_task(run.go()) for run in runs]
        await turns(20)
        for task in tasks[::2]:
            task.cancel()
        ends = await asyncio.gather(*tasks)

    assert [end.status for end in ends] == ["cancelled", "completed"] * 5
