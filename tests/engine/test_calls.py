"""Workflows that call others, inside the run of their caller."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.documents import Graph
from nodetool.protocol.events import EdgeUpdate, LogUpdate, NodeUpdate, OutputUpdate
from nodetool.sdk import Context, Node
from tests.engine.harness import Player, Told, graph, node

OUT = node("out", "nodetool.output.Output", name="out")

CALL = "nodetool.workflows.Workflow"


class Twice(Node):
    """Doubles."""

    type_name: ClassVar = "test.Twice"
    value: Any = 0

    async def process(self) -> Any:
        await asyncio.sleep(0)
        return self.value + self.value


class Letters(Node):
    """Sends letter by letter."""

    type_name: ClassVar = "test.Letters"
    text: str = ""
    made: ClassVar[int] = 0

    async def process(self) -> AsyncIterator[str]:
        for letter in self.text:
            Letters.made += 1
            yield letter


class Slower(Node):
    """Takes the longer, the smaller its number is; notes how many of it are at work."""

    type_name: ClassVar = "test.Slower"
    number: int = 0
    at_work: ClassVar[int] = 0
    most: ClassVar[int] = 0

    async def process(self) -> int:
        Slower.at_work += 1
        Slower.most = max(Slower.most, Slower.at_work)
        try:
            await asyncio.sleep(0.001 * (5 - self.number % 5))
        finally:
            Slower.at_work -= 1
        return self.number


class Odd(Node):
    """Does not like odd numbers."""

    type_name: ClassVar = "test.Odd"
    number: int = 0

    def process(self) -> int:
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")
        return self.number


class Say(Node):
    """Says something, and by which token it does."""

    type_name: ClassVar = "test.Say"
    number: int = 0

    async def process(self, ctx: Context) -> str:
        ctx.log(f"it is {self.number}")
        return ctx.idempotency_token


class Enough(Node):
    """Adds one, and tells whether that is enough."""

    type_name: ClassVar = "test.Enough"
    supports_dynamic_outputs: ClassVar = True
    number: int = 0

    async def process(self) -> dict[str, Any]:
        return {"number": self.number + 1, "enough": self.number >= 4}


@pytest.fixture
def player() -> Player:
    return Player(Twice, Letters, Slower, Odd, Say, Enough)


def through(type: str, handle: str, kind: str = "IntegerInput", name: str = "x") -> Graph:
    """A workflow with one node between the input ``x`` and the output ``y``."""
    nodes = [
        node("in", f"nodetool.input.{kind}", name=name),
        node("n", type),
        node("out", "nodetool.output.Output", name="y"),
    ]
    return graph(nodes, f"in.output -> n.{handle}", "n.output -> out.value")


def where(told: Told) -> list[tuple[Any, str, str]]:
    """Return the states of nodes, each with its path."""
    return [
        (event.path, event.node_id, event.status)
        for event in told.events
        if isinstance(event, NodeUpdate) and event.node_id != "out"
    ]


async def test_a_workflow_is_called_with_its_inputs_and_gives_its_outputs(player: Player) -> None:
    nodes = [node("a", "nodetool.constant.Integer", value=4), node("c", CALL, workflow_id="twice"), OUT]
    plan = player.plan(nodes, "a.output -> c.x", "c.y -> out.value", calls={"twice": through("test.Twice", "value")})

    told = await player.run(plan)

    assert told.result == {"out": 8}
    assert where(told)[2:] == [
        (None, "c", "running"),
        (["c"], "n", "running"),
        (["c"], "n", "completed"),
        (None, "c", "completed"),
    ]
    assert [event.value for event in told.events if isinstance(event, OutputUpdate)] == [8]
    assert [event.seq for event in told.events] == list(range(2, 2 + len(told.events)))


async def test_values_are_set_in_the_document_and_defaults_stand_in(player: Player) -> None:
    calls = {"twice": through("test.Twice", "value")}
    plan = player.plan([node("c", CALL, workflow_id="twice", x=3), OUT], "c.y -> out.value", calls=calls)
    assert (await player.run(plan)).result == {"out": 6}
    plan = player.plan([node("c", CALL, workflow_id="twice"), OUT], "c.y -> out.value", calls=calls)
    assert (await player.run(plan)).result == {"out": 0}


async def test_behind_a_stream_it_is_called_for_each_item(player: Player) -> None:
    nodes = [node("l", "test.Letters", text="abc"), node("c", CALL, workflow_id="twice"), OUT]
    calls = {"twice": through("test.Twice", "value", "StringInput")}
    plan = player.plan(nodes, "l.output -> c.x", "c.y -> out.value", calls=calls)

    told = await player.run(plan)

    assert told.result == {"out": ["aa", "bb", "cc"]}
    paths = [path for path, id, status in where(told) if id == "n" and status == "completed"]
    assert paths == [["c", 0], ["c", 1], ["c", 2]]


async def test_calls_are_nested(player: Player) -> None:
    calls = {"w0": through("test.Twice", "value")}
    for depth in range(1, 16):
        inner = node("c", CALL, workflow_id=f"w{depth - 1}")
        nodes = [node("in", "nodetool.input.IntegerInput", name="x"), inner]
        nodes += [node("out", "nodetool.output.Output", name="y")]
        calls[f"w{depth}"] = graph(nodes, "in.output -> c.x", "c.y -> out.value")
    plan = player.plan([node("c", CALL, workflow_id="w15", x=1), OUT], "c.y -> out.value", calls=calls)

    told = await player.run(plan)

    assert told.result == {"out": 2}
    assert (["c"] * 16, "n", "completed") in where(told)


async def test_a_list_output_is_one_value_and_a_branch_not_taken_none(player: Player) -> None:
    inner = graph(
        [
            node("l", "test.Letters", text="ab"),
            node("if", "nodetool.control.If", condition=True, value=1),
            node("all", "nodetool.output.Output", name="all"),
            node("no", "nodetool.output.Output", name="no"),
        ],
        "l.output -> all.value",
        "if.if_false -> no.value",
    )
    nodes = [node("c", CALL, workflow_id="w"), OUT, node("no", "nodetool.output.Output", name="no")]
    plan = player.plan(nodes, "c.all -> out.value", "c.no -> no.value", calls={"w": inner})

    assert (await player.run(plan)).result == {"out": ["a", "b"]}


async def test_items_are_passed_on_as_they_come_and_no_faster_than_they_are_taken(player: Player) -> None:
    Letters.made = 0
    nodes = [node("c", "nodetool.workflows.WorkflowStream", workflow_id="w", x="ab" * 1000), OUT]
    plan = player.plan(nodes, "c.y -> out.value", calls={"w": through("test.Letters", "text", "StringInput")})
    opened = asyncio.Event()

    async def wait() -> None:
        await opened.wait()

    run, taken = player.start(plan, room=lambda tape: None if tape.total < 50 or opened.is_set() else wait())
    running = asyncio.create_task(run.go())
    await asyncio.sleep(0.05)
    assert 0 < Letters.made < 500
    opened.set()
    end = await running

    assert Told(taken(), end).result == {"out": ["a", "b"] * 1000}


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 5))
async def test_a_map_keeps_the_order_and_its_limit(numbers: list[int], limit: int) -> None:
    player = Player(Slower)
    Slower.most = 0
    nodes = [node("m", "nodetool.workflows.Map", workflow_id="w", values=numbers, concurrency=limit), OUT]
    plan = player.plan(nodes, "m.y -> out.value", calls={"w": through("test.Slower", "number")})

    told = await player.run(plan)

    assert told.result == {"out": numbers}
    assert Slower.most <= limit


async def test_a_map_makes_so_many_calls_at_once() -> None:
    class Together(Node):
        """Goes on once three of it are at work."""

        type_name: ClassVar = "test.Together"
        number: int = 0
        at_work: ClassVar[int] = 0
        enough: ClassVar[asyncio.Event]

        async def process(self) -> int:
            Together.at_work += 1
            if Together.at_work == 3:
                Together.enough.set()
            await Together.enough.wait()
            return self.number

    Together.enough = asyncio.Event()
    player = Player(Together)
    nodes = [node("m", "nodetool.workflows.Map", workflow_id="w", values=[1, 2, 3, 4, 5], concurrency=3), OUT]
    plan = player.plan(nodes, "m.y -> out.value", calls={"w": through("test.Together", "number")})

    assert (await player.run(plan)).result == {"out": [1, 2, 3, 4, 5]}


async def test_a_map_takes_the_items_of_a_stream_and_numbers_them(player: Player) -> None:
    inner = graph(
        [
            node("a", "nodetool.input.StringInput", name="letter"),
            node("b", "nodetool.input.IntegerInput", name="place"),
            node("c", "nodetool.input.StringInput", name="end"),
            node("f", "nodetool.text.FormatText", template="{{ place }}{{ letter }}{{ end }}"),
            node("out", "nodetool.output.Output", name="y"),
        ],
        "a.output -> f.letter",
        "b.output -> f.place",
        "c.output -> f.end",
        "f.output -> out.value",
    )
    nodes = [
        node("l", "test.Letters", text="abc"),
        node("m", "nodetool.workflows.Map", workflow_id="w", item="letter", index="place", end="!"),
        OUT,
    ]
    plan = player.plan(nodes, "l.output -> m.items", "m.y -> out.value", calls={"w": inner})

    assert (await player.run(plan)).result == {"out": ["0a!", "1b!", "2c!"]}


async def test_the_result_of_an_item_does_not_wait_for_the_next_item(player: Player) -> None:
    class Hesitant(Node):
        """Sends one item, and another much later."""

        type_name: ClassVar = "test.Hesitant"

        async def process(self) -> AsyncIterator[int]:
            yield 1
            await asyncio.sleep(60)

    player = Player(Twice, Hesitant)
    nodes = [node("h", "test.Hesitant"), node("m", "nodetool.workflows.Map", workflow_id="w"), OUT]
    plan = player.plan(nodes, "h.output -> m.items", "m.y -> out.value", calls={"w": through("test.Twice", "value")})
    run, taken = player.start(plan)
    running = asyncio.create_task(run.go())
    events: list[Any] = []
    while not any(isinstance(event, OutputUpdate) for event in events):
        await asyncio.sleep(0.001)
        events += taken()
    running.cancel()

    assert (await running).status == "cancelled"


async def test_a_loop_goes_on_with_what_it_made_until_that_is_enough(player: Player) -> None:
    inner = graph(
        [
            node("in", "nodetool.input.IntegerInput", name="number"),
            node("n", "test.Enough"),
            node("a", "nodetool.output.Output", name="number"),
            node("b", "nodetool.output.Output", name="enough"),
        ],
        "in.output -> n.number",
        "n.number -> a.value",
        "n.enough -> b.value",
    )
    inner.nodes[1].dynamic_outputs = {"number": {"type": "int"}, "enough": {"type": "bool"}}
    for rounds, number, until, expected in ((10, 0, "enough", 5), (3, 7, "", 10)):
        nodes = [node("o", "nodetool.workflows.Loop", workflow_id="w", number=number, until=until, rounds=rounds), OUT]
        plan = player.plan(nodes, "o.number -> out.value", calls={"w": inner})
        assert (await player.run(plan)).result == {"out": expected}

    nodes = [node("o", "nodetool.workflows.Loop", workflow_id="w", until="enough", rounds=2)]
    told = await player.run(player.plan(nodes, calls={"w": inner}))
    assert (told.end.node_id, told.end.handle) == ("o", "rounds")
    assert "enough was not true after 2 rounds" in told.end.error


async def test_a_failure_inside_names_the_caller_and_says_where(player: Player) -> None:
    nodes = [node("m", "nodetool.workflows.Map", workflow_id="w", values=[2, 4, 7, 8]), OUT]
    plan = player.plan(nodes, "m.y -> out.value", calls={"w": through("test.Odd", "number")})

    told = await player.run(plan)

    assert (told.end.status, told.end.code, told.end.node_id) == ("failed", "node_failed", "m")
    assert told.end.error == "node n of workflow 'W', call 2: 7 is odd"
    assert [path for path, _, status in where(told) if status == "error"] == [["m", 2], None]


async def test_a_value_that_does_not_fit_its_input_is_refused(player: Player) -> None:
    inner = graph([node("in", "nodetool.input.IntegerInput", name="x", max=5)])
    for value, error in (("text", "x: expected int"), (9, "x: has to be at most 5")):
        nodes = [node("m", "nodetool.workflows.Map", workflow_id="w", values=[value])]
        told = await player.run(player.plan(nodes, calls={"w": inner}))

        assert (told.end.code, told.end.node_id) == ("type_mismatch", "m")
        assert error in told.end.error


async def test_a_cancel_stops_what_is_called(player: Player) -> None:
    class Still(Node):
        """Never ends."""

        type_name: ClassVar = "test.Still"
        value: int = 0
        stopped: ClassVar[int] = 0

        async def process(self) -> int:
            try:
                await asyncio.sleep(60)
            finally:
                Still.stopped += 1
            return 1

    player = Player(Still)
    for kind, data in (
        (CALL, {"x": 1}),
        ("nodetool.workflows.Map", {"values": [1, 2, 3]}),
        ("nodetool.workflows.Loop", {"x": 1}),
        ("nodetool.workflows.WorkflowStream", {"x": 1}),
    ):
        Still.stopped = 0
        plan = player.plan(
            [node("c", kind, workflow_id="w", **data), OUT],
            "c.y -> out.value",
            calls={"w": through("test.Still", "value")},
        )
        run, taken = player.start(plan)
        before = asyncio.all_tasks()
        running = asyncio.create_task(run.go())
        await asyncio.sleep(0.02)
        running.cancel()
        end = await running
        told = Told(taken(), end)

        assert asyncio.all_tasks() == before
        assert end.status == "cancelled"
        assert Still.stopped == (3 if "values" in data else 1)
        assert {status for path, id, status in where(told) if path} == {"running", "cancelled"}


async def test_what_nodes_say_inside_has_their_path_and_a_token_of_its_own(player: Player) -> None:
    nodes = [node("m", "nodetool.workflows.Map", workflow_id="w", values=[1, 2, 1]), OUT]
    plan = player.plan(nodes, "m.y -> out.value", calls={"w": through("test.Say", "number")})

    told = await player.run(plan)

    said = [(event.path, event.content) for event in told.events if isinstance(event, LogUpdate)]
    assert sorted(said, key=str) == [(["m", 0], "it is 1"), (["m", 1], "it is 2"), (["m", 2], "it is 1")]
    assert len(set(told.result["out"])) == 3
    assert (await player.run(plan)).result == told.result
    drained = [event for event in told.events if isinstance(event, EdgeUpdate) and event.path == ["m", 1]]
    assert len(drained) == 2


async def test_thousands_of_calls_let_others_have_the_loop(player: Player) -> None:
    nodes = [node("o", "nodetool.workflows.Loop", workflow_id="w", rounds=3000, x=0), OUT]
    inner = graph(
        [node("in", "nodetool.input.IntegerInput", name="x"), node("out", "nodetool.output.Output", name="x")],
        "in.output -> out.value",
    )
    run, _ = player.start(player.plan(nodes, "o.x -> out.value", calls={"w": inner}))
    running = asyncio.create_task(run.go())
    turns = 0
    while not running.done():
        turns += 1
        await asyncio.sleep(0)

    assert running.result().status == "completed"
    assert turns > 20
