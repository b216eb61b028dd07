"""What becomes the result: single values, lists, texts, and values that cannot be sent."""

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from nodetool.protocol.descriptions import Runs
from nodetool.protocol.events import LogUpdate, NodeUpdate, OutputUpdate, PreviewUpdate
from nodetool.sdk import Context, Node
from tests.engine.harness import Player, Told, node

OUT = node("out", "nodetool.output.Output", name="out")


async def make(player: Player, word: str, **options: Any) -> Told:
    return await player.play([node("m", "test.Make", word=word), OUT], "m.output -> out.value", **options)


async def test_a_streamed_output_is_a_list_with_an_event_for_each_item(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=3), OUT], "c.output -> out.value")

    assert told.result == {"out": [0, 1, 2]}
    assert [event.value for event in told.events if isinstance(event, OutputUpdate)] == [0, 1, 2]


async def test_a_list_output_is_empty_when_nothing_came(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=0), OUT], "c.output -> out.value")

    assert told.result == {"out": []}
    assert told.of("out") == []


async def test_chunks_are_values_and_their_output_is_the_joined_text(player: Player) -> None:
    told = await player.play([node("c", "test.Chunks", pieces=["a", "b"]), OUT], "c.output -> out.value")

    assert told.result == {"out": "ab"}
    sent = [event.value for event in told.events if isinstance(event, OutputUpdate)]
    assert sent == [
        {"type": "chunk", "content": piece, "content_type": "text", "content_metadata": {}, "done": False}
        for piece in "ab"
    ]


async def test_an_item_is_told_before_its_sender_goes_on() -> None:
    class Narrate(Node):
        type_name: ClassVar = "test.Narrate"
        runs: ClassVar[Runs] = "inline"

        async def process(self, ctx: Context) -> AsyncIterator[str]:
            for word in ("one", "two"):
                yield word
                ctx.log(f"sent {word}")

    with Player(Narrate) as player:
        told = await player.play([node("n", "test.Narrate"), OUT], "n.output -> out.value")

    heard = [event for event in told.events if isinstance(event, OutputUpdate | LogUpdate)]
    texts = [event.value if isinstance(event, OutputUpdate) else event.content for event in heard]
    assert texts == ["one", "sent one", "two", "sent two"]


async def test_an_item_that_cannot_be_sent_fails_the_output_and_stops_its_sender() -> None:
    class Odd(Node):
        type_name: ClassVar = "test.Odd"
        runs: ClassVar[Runs] = "inline"

        async def process(self) -> AsyncIterator[Any]:
            yield 1
            try:
                yield object()
            finally:
                closed.append(True)

    closed: list[bool] = []
    with Player(Odd) as player:
        told = await player.play([node("m", "test.Odd"), OUT], "m.output -> out.value")

    assert (told.of("m"), told.of("out")) == (["running", "cancelled"], ["running", "error"])
    assert (told.end.node_id, told.end.handle, told.end.code) == ("out", "value", "type_mismatch")
    assert closed == [True]


async def test_streams_meet_at_an_output_as_they_come(player: Player) -> None:
    told = await player.play(
        [node("a", "test.Count", count=2), node("b", "test.Count", start=10, count=2, turns=9), OUT],
        "a.output -> out.value",
        "b.output -> out.value",
    )

    assert told.result == {"out": [0, 1, 10, 11]}
    assert told.of("out") == ["running", "completed"]


async def test_an_output_of_a_stream_works_in_the_turns_of_its_sender(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=3), OUT], "c.output -> out.value")

    (stats,) = [event.stats for event in told.events if isinstance(event, NodeUpdate) and event.node_id == "out"][1:]
    assert stats
    assert (stats.firings, stats.waited_us) == (3, stats.took_us)


async def test_a_list_output_is_made_of_the_items_of_a_stream(player: Player) -> None:
    items = [node("c", "test.Count", count=3), node("o", "nodetool.output.ListOutput", name="items")]
    told = await player.play(items, "c.output -> o.value")

    assert told.result == {"items": [0, 1, 2]}


async def test_a_text_output_takes_a_stream_of_chunks(player: Player) -> None:
    chunks = [node("c", "test.Chunks", pieces=["a", "b"]), node("o", "nodetool.output.StringOutput", name="text")]
    told = await player.play(chunks, "c.output -> o.value")

    assert told.result == {"text": "ab"}


async def test_an_output_event_names_the_output_and_its_type(player: Player) -> None:
    told = await player.play(
        [node("n", "test.Number", value=3), node("o", "nodetool.output.IntegerOutput", name="sum")],
        "n.output -> o.value",
    )

    (event,) = [event for event in told.events if isinstance(event, OutputUpdate)]
    assert (event.node_id, event.node_name, event.output_name, event.output_type) == ("o", "sum", "sum", "integer")


async def test_an_output_without_an_edge_gives_its_set_value_once_else_nothing(player: Player) -> None:
    told = await player.play(
        [
            node("set", "nodetool.output.StringOutput", name="set", value="here"),
            node("unset", "nodetool.output.StringOutput", name="unset"),
        ]
    )

    assert told.result == {"set": "here"}
    assert told.of("unset") == []


async def test_an_output_passes_its_value_on(player: Player) -> None:
    told = await player.play(
        [
            node("n", "test.Number", value=3),
            OUT,
            node("add", "test.Add"),
            node("o2", "nodetool.output.Output", name="p"),
        ],
        "n.output -> out.value",
        "out.output -> add.a",
        "add.output -> o2.value",
    )

    assert told.result == {"out": 3, "p": 3}


async def test_an_input_gives_its_param_else_its_default(player: Player) -> None:
    plan = player.plan([node("x", "nodetool.input.IntegerInput", name="x", value=5), OUT], "x.output -> out.value")

    assert (await player.run(plan)).result == {"out": 5}
    assert (await player.run(plan, {"x": 6})).result == {"out": 6}
    assert (await player.run(plan, {"x": None})).result == {"out": 5}


@pytest.mark.parametrize("word", ["bytes", "large", "chunk"])
async def test_a_value_that_can_be_sent_arrives(player: Player, word: str) -> None:
    told = await make(player, word)

    expected: dict[str, Any] = {
        "bytes": b"\x00\xff",
        "large": 2**64 - 1,
        "chunk": {"type": "chunk", "content": "hi", "content_type": "text", "content_metadata": {}, "done": True},
    }
    assert told.result == {"out": expected[word]}


async def test_a_batch_that_holds_bytes_is_flagged(player: Player) -> None:
    plan = player.plan([node("m", "test.Make", word="bytes"), OUT], "m.output -> out.value")
    flags = []
    for plan_ in (plan, player.plan([OUT])):
        run, _ = player.start(plan_)
        await run.go()
        frame = run._report.tape.take()
        flags.append(frame and frame.flags)

    assert flags == [1, 0]


@pytest.mark.parametrize(("word", "expected"), [("nan", None), ("nans", [1.0, None, None])])
async def test_numbers_that_are_none_are_null_with_a_warning(player: Player, word: str, expected: object) -> None:
    told = await make(player, word)

    assert told.result == {"out": expected}
    (warning,) = [event for event in told.events if isinstance(event, LogUpdate)]
    assert (warning.node_id, warning.severity) == ("out", "warning")
    assert warning.content == "numbers that are NaN or infinite are sent as null"


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("big", "an integer of more than 64 bits cannot be sent"),
        ("bigs", "an integer of more than 64 bits cannot be sent"),
        ("half", "a text that is not valid Unicode cannot be sent"),
        ("object", "an object of type object cannot be sent"),
        ("deep", "a value nested this deep cannot be sent"),
    ],
)
@pytest.mark.parametrize(
    ("kind", "role"), [("nodetool.output.Output", "output"), ("nodetool.workflows.base_node.Preview", "preview")]
)
async def test_a_value_that_cannot_be_sent_fails_the_node_that_shows_it(
    player: Player, word: str, reason: str, kind: str, role: str
) -> None:
    told = await player.play([node("m", "test.Make", word=word), node("o", kind, name="out")], "m.output -> o.value")

    assert told.of("m") == ["running", "completed"]
    assert told.of("o") == ["running", "error"]
    name = "out" if role == "output" else "Preview"
    assert (told.end.code, told.end.error) == ("type_mismatch", f"{role} {name}: {reason}")
    assert (told.end.node_id, told.end.handle) == ("o", "value")


@pytest.mark.parametrize("word", ["bytes", "nan", "nans", "big", "bigs", "half", "object", "chunk", "deep"])
async def test_any_value_may_pass_between_nodes_and_is_shown_as_well_as_can_be(player: Player, word: str) -> None:
    told = await player.play(
        [node("m", "test.Make", word=word), node("r", "nodetool.control.Reroute")], "m.output -> r.input_value"
    )

    assert told.end.status == "completed"
    assert len([event for event in told.events if isinstance(event, NodeUpdate)]) == 4


async def test_a_result_over_the_limit_fails_and_names_the_output(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=1000), OUT], "c.output -> out.value", max_result=100)

    assert (told.end.status, told.end.code) == ("failed", "result_too_large")
    assert told.end.error == "output out: the result is over the limit"
    assert (told.end.node_id, told.end.handle, told.end.result) == ("out", "value", b"")
    assert [event.value for event in told.events if isinstance(event, OutputUpdate)] == list(range(100))


async def test_many_small_items_take_only_what_they_take(player: Player) -> None:
    told = await player.play([node("c", "test.Count", count=5000), OUT], "c.output -> out.value", max_result=15_000)

    assert len(told.result["out"]) == 5000


async def test_a_large_preview_is_shown_by_its_beginning(player: Player) -> None:
    told = await player.play(
        [
            node("n", "nodetool.constant.String", value="x" * 1_000_000),
            node("p", "nodetool.workflows.base_node.Preview"),
        ],
        "n.output -> p.value",
    )

    (event,) = [event for event in told.events if isinstance(event, PreviewUpdate)]
    assert event.value == {"type": "truncated", "size": 1_000_000, "preview": "x" * 256}


async def test_a_node_that_changes_its_own_values_changes_them_for_its_run_only() -> None:
    """Static values, defaults of inputs and dynamic properties are shared by all runs of a plan."""

    class Spoil(Node):
        type_name: ClassVar = "test.Spoil"
        runs: ClassVar = "inline"
        is_dynamic: ClassVar = True
        own: list[Any] = []
        given: Any = None
        dynamic: dict[str, Any] = {}

        def process(self) -> list[Any]:
            for values in (self.own, self.given, self.dynamic["more"]):
                values.append(len(values))
            return [list(self.own), list(self.given), list(self.dynamic["more"])]

    with Player(Spoil) as player:
        spoil = node("s", "test.Spoil", own=[9])
        spoil.dynamic_properties = {"more": []}
        plan = player.plan(
            [node("l", "nodetool.input.ListInput", name="l", value=[7]), spoil, OUT],
            "l.output -> s.given",
            "s.output -> out.value",
        )
        for _ in range(2):
            assert (await player.run(plan)).result == {"out": [[9, 1], [7, 1], [0]]}
