"""Handles beside the plain ones: dynamic properties and named outputs."""

from tests.engine.harness import Player, node

OUT = node("out", "nodetool.output.Output", name="out")


async def test_a_dynamic_node_takes_edges_and_properties_under_any_name(player: Player) -> None:
    format = node("f", "nodetool.text.FormatText", template="{{ a }}-{{ b }}")
    format.dynamic_properties = {"b": "set"}

    told = await player.play(
        [node("n", "test.Number", value=7), format, OUT], "n.output -> f.a", "f.output -> out.value"
    )

    assert told.result == {"out": "7-set"}


async def test_a_dynamic_handle_may_stream(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=3), node("f", "nodetool.text.FormatText", template="<{{ a }}>"), OUT],
        "c.output -> f.a",
        "f.output -> out.value",
    )

    assert told.result == {"out": ["<0>", "<1>", "<2>"]}


async def test_each_named_output_goes_its_own_way(player: Player) -> None:
    told = await player.play(
        [
            node("each", "nodetool.control.ForEach", input_list=["a", None, "c"]),
            node("items", "nodetool.output.Output", name="items"),
            node("places", "nodetool.output.Output", name="places"),
        ],
        "each.output -> items.value",
        "each.index -> places.value",
    )

    assert told.result == {"items": ["a", "c"], "places": [0, 2]}


async def test_one_output_may_feed_two_handles_of_a_node(player: Player) -> None:
    told = await player.play(
        [node("c", "test.Count", count=3), node("add", "test.Add", "zip_all"), OUT],
        "c.output -> add.a",
        "c.output -> add.b",
        "add.output -> out.value",
    )

    assert told.result == {"out": [0, 2, 4]}
