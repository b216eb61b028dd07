"""Branches: taken, not taken, empty, and where they meet."""

import pytest

from tests.engine.harness import Player, node

OUT = node("out", "nodetool.output.Output", name="out")


async def test_what_follows_the_branch_not_taken_is_silent_and_its_edges_drain_empty(player: Player) -> None:
    told = await player.play(
        [
            node("if", "nodetool.control.If", condition=True, value="x"),
            node("yes", "nodetool.text.Replace"),
            node("no", "nodetool.text.Replace"),
            node("after", "nodetool.text.Replace"),
            node("y", "nodetool.output.Output", name="y"),
            node("n", "nodetool.output.Output", name="n"),
        ],
        "if.if_true -> yes.text",
        "if.if_false -> no.text",
        "no.output -> after.text",
        "yes.output -> y.value",
        "after.output -> n.value",
    )

    assert told.result == {"y": "x"}
    assert told.of("yes") == ["running", "completed"]
    assert told.of("no") == told.of("after") == told.of("n") == []
    assert told.drained() == {"e0": 1, "e1": 0, "e2": 0, "e3": 1, "e4": 0}


async def test_a_property_never_stands_in_for_a_connected_handle(player: Player) -> None:
    told = await player.play(
        [node("s", "test.Split", value=2), node("add", "test.Add", a=1, b=1), OUT],
        "s.odd -> add.a",
        "add.output -> out.value",
    )

    assert told.result == {}
    assert told.of("add") == []


@pytest.mark.parametrize(("value", "way"), [(2, "even"), (3, "odd")])
async def test_where_branches_meet_the_one_that_arrives_is_the_value(player: Player, value: int, way: str) -> None:
    told = await player.play(
        [
            node("s", "test.SplitLater", value=value),
            node("even", "test.Add", b=10),
            node("odd", "test.AddLater", b=20),
            OUT,
        ],
        "s.even -> even.a",
        "s.odd -> odd.a",
        "even.output -> out.value",
        "odd.output -> out.value",
    )

    assert told.result == {"out": value + (10 if way == "even" else 20)}
    assert told.of(way) == ["running", "completed"]


@pytest.mark.parametrize(("slow", "fast"), [("first", "last"), ("last", "first")])
async def test_of_several_single_edges_the_last_in_the_document_counts_whichever_comes_first(
    player: Player, slow: str, fast: str
) -> None:
    told = await player.play(
        [node(slow, "test.AddLater", a=1, turns=5), node(fast, "test.Add", a=2), OUT],
        "first.output -> out.value",
        "last.output -> out.value",
    )

    assert told.result == {"out": 1 if slow == "last" else 2}
    assert told.of("out") == ["running", "completed"]


async def test_none_means_nothing_was_sent(player: Player) -> None:
    told = await player.play([node("m", "test.Make", word="none"), OUT], "m.output -> out.value")

    assert told.result == {}
    assert told.of("m") == ["running", "completed"]
    assert told.of("out") == []
    assert told.drained() == {"e0": 0}


async def test_a_stream_without_items_is_no_branch_not_taken(player: Player) -> None:
    told = await player.play(
        [
            node("each", "nodetool.control.ForEach", input_list=[]),
            node("x", "nodetool.control.Reroute"),
            node("all", "nodetool.control.Collect"),
            node("items", "nodetool.output.Output", name="items"),
            OUT,
        ],
        "each.output -> x.input_value",
        "x.output -> all.input_item",
        "x.output -> items.value",
        "all.output -> out.value",
    )

    assert told.result == {"out": [], "items": []}
    assert told.of("x") == []
    assert told.of("all") == ["running", "completed"]


async def test_behind_a_stream_a_branch_that_no_item_takes_is_empty_and_not_skipped(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", start=0, count=1), node("s", "test.Split"), node("g", "test.Gather"), OUT],
        "c.output -> s.value",
        "s.odd -> g.items",
        "g.output -> out.value",
    )

    assert told.result == {"out": []}


async def test_a_generator_behind_a_branch_not_taken_is_skipped(player: Player) -> None:
    told = await player.play(
        [node("s", "test.Split", value=2), node("c", "test.Count"), node("g", "test.Gather"), OUT],
        "s.odd -> c.start",
        "c.output -> g.items",
        "g.output -> out.value",
    )

    assert told.result == {}
    assert told.of("g") == []


@pytest.mark.parametrize("turns", [0, 3])
@pytest.mark.parametrize(("value", "expected"), [(3, {"out": []}), (2, {})])
async def test_beside_an_empty_stream_it_is_waited_for_whether_a_branch_is_taken(
    player: Player, turns: int, value: int, expected: object
) -> None:
    """The node never fires either way; what follows has to know why, whichever was known first."""
    told = await player.play(
        [
            node("none", "test.Count", count=0, turns=3 - turns),
            node("s", "test.SplitLater", value=value, turns=turns),
            node("add", "test.Add"),
            node("g", "test.Gather"),
            OUT,
        ],
        "none.output -> add.a",
        "s.odd -> add.b",
        "add.output -> g.items",
        "g.output -> out.value",
    )

    assert told.result == expected


async def test_a_reader_takes_a_skipped_stream_for_empty_unless_all_are(player: Player) -> None:
    nodes = [node("s", "test.Split", value=2), node("n", "test.Number", value=5), node("b", "test.Both"), OUT]

    one = await player.play(nodes, "s.odd -> b.a", "n.output -> b.b", "b.output -> out.value")
    none = await player.play(nodes, "s.odd -> b.a", "s.odd -> b.b", "b.output -> out.value")

    assert one.result == {"out": [[], [5]]}
    assert none.result == {}


async def test_a_fan_out_is_collected_in_document_order_whatever_the_schedule(player: Player) -> None:
    nodes = [node(f"n{i}", "test.AddLater", a=i, turns=10 - i) for i in range(10)]
    told = await player.play(
        [*nodes, node("all", "nodetool.control.Collect"), OUT],
        *[f"n{i}.output -> all.input_item" for i in range(10)],
        "all.output -> out.value",
    )

    assert told.result == {"out": list(range(10))}
