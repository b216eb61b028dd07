"""Inputs whose items come one by one, while the run goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from nodetool.engine.feeds import Feeds
from nodetool.graph.plan import Plan
from nodetool.protocol.events import EdgeUpdate, OutputUpdate
from nodetool.protocol.frames import End
from tests.engine.harness import Player, Told, eventually, node

OUT = node("out", "nodetool.output.Output", name="out")


@pytest.fixture
def player() -> Player:
    return Player()


class Run:
    """A run that is fed."""

    def __init__(self, player: Player, plan: Plan, params: dict[str, Any], seconds: float) -> None:
        self.taken: list[str] = []
        self.feeds = Feeds(plan.params, params, are_open=True, seconds=seconds, on_taken=self.taken.append)
        run, self._events = player.start(plan, params, feeds=self.feeds)
        self.task = asyncio.ensure_future(run.go())
        self.events: list[Any] = []

    def values(self) -> list[Any]:
        self.events += self._events()
        return [event.value for event in self.events if isinstance(event, OutputUpdate)]

    async def end(self) -> Told:
        end: End = await self.task
        self.values()
        return Told(self.events, end)


@pytest.fixture
def begun(player: Player) -> Callable[..., Run]:
    def begin(
        *lines: str, extra: tuple[Any, ...] = (), seconds: float = 0, type: str = "IntegerInput", **params: Any
    ) -> Run:
        nodes = [node("n", f"nodetool.input.{type}", name="n", stream=True, max=1000), *extra, OUT]
        return Run(player, player.plan(nodes, *(lines or ("n.output -> out.value",))), params, seconds)

    return begin


async def test_items_pass_as_they_come_until_the_input_is_ended(begun: Callable[..., Run]) -> None:
    run = begun()
    for number in range(3):
        run.feeds.put("n", number)
        await eventually(lambda number=number: run.values() == list(range(number + 1)))
    assert not run.task.done()
    run.feeds.end("n")
    told = await run.end()

    assert told.result == {"out": [0, 1, 2]}
    assert told.of("n") == []
    assert [event.counter for event in told.events if isinstance(event, EdgeUpdate)][-1] == 3
    assert run.taken == ["n"] * 3


async def test_what_params_give_is_all_that_comes(begun: Callable[..., Run]) -> None:
    run = begun(n=[5, 6])
    run.feeds.put("other", 1)

    assert (await run.end()).result == {"out": [5, 6]}
    assert (await begun(n=[]).end()).result == {"out": []}


async def test_items_fire_the_nodes_behind_and_are_collected(begun: Callable[..., Run]) -> None:
    extra = (node("f", "nodetool.text.FormatText", template="<{{ n }}>"), node("c", "nodetool.control.Collect"))
    run = begun("n.output -> f.n", "f.output -> c.input_item", "c.output -> out.value", extra=extra)
    for number in (1, 2):
        run.feeds.put("n", number)
    run.feeds.end("n")

    assert (await run.end()).result == {"out": ["<1>", "<2>"]}


async def test_no_more_is_taken_than_there_is_room_for(begun: Callable[..., Run]) -> None:
    extra = (node("p", "nodetool.control.Collect"), node("s", "nodetool.input.IntegerInput", name="s", stream=True))
    lines = ("n.output -> p.input_item", "p.output -> out.value", "s.output -> out.value")
    run = begun(*lines, extra=extra)
    for number in range(500):
        run.feeds.put("n", number)
    await eventually(lambda: len(run.taken) == 500)
    run.task.cancel()

    assert (await run.end()).end.status == "cancelled"


async def test_a_silent_input_ends_the_run_if_that_is_set(begun: Callable[..., Run]) -> None:
    run = begun(seconds=0.02)
    run.feeds.put("n", 1)
    told = await run.end()

    assert (told.end.status, told.end.code, told.end.node_id) == ("failed", "timed_out", "n")
    assert told.end.error == "input n: nothing came for 0.02 seconds"


async def test_a_cancel_ends_a_run_that_waits_for_its_input(begun: Callable[..., Run]) -> None:
    run = begun()
    await asyncio.sleep(0.01)
    run.task.cancel()

    assert (await run.end()).end.status == "cancelled"


async def test_a_workflow_that_is_called_takes_the_items_as_a_list(player: Player) -> None:
    from tests.engine.harness import graph

    inner = graph(
        [
            node("in", "nodetool.input.IntegerInput", name="n", stream=True),
            node("out", "nodetool.output.Output", name="y"),
        ],
        "in.output -> out.value",
    )
    calls = {"w": inner}
    given = player.plan(
        [node("c", "nodetool.workflows.Workflow", workflow_id="w", n=[1, 2]), OUT], "c.y -> out.value", calls=calls
    )
    nothing = player.plan(
        [node("c", "nodetool.workflows.Workflow", workflow_id="w"), OUT], "c.y -> out.value", calls=calls
    )

    assert (await player.run(given)).result == {"out": [1, 2]}
    assert (await player.run(nothing)).result == {"out": []}
