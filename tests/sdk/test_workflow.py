"""Workflows written in Python are documents like any other."""

import json
from typing import Any

import pytest

from nodetool.graph.document import Limits, read_graph
from nodetool.graph.version import Version, make_version
from nodetool.nodes.control import Collect, ForEach, If
from nodetool.nodes.input import ListInput, StringInput
from nodetool.nodes.output import Output, StringOutput
from nodetool.nodes.text import FormatText, Join
from nodetool.sdk import Workflow, node
from tests.engine.harness import Player, catalogue


def version(workflow: Workflow, *extra: Any) -> Version:
    graph = json.dumps(workflow.document()["graph"]).encode()
    return make_version(graph, read_graph(graph, Limits()), catalogue(extra))


def letter() -> Workflow:
    made = Workflow("Letter", "Writes to somebody.")
    name = made.add(StringInput, name="name", value="Ada")
    text = made.add(FormatText, template="Dear {{ who }}{{ mark }}", dynamic={"who": name.output, "mark": "!"})
    made.add(StringOutput, name="letter", value=text.output)
    return made


async def test_what_is_built_is_a_document_that_runs() -> None:
    made = version(letter())
    assert made.findings == []
    assert made.plan

    with Player() as player:
        told = await player.run(made.plan)

    assert told.result == {"letter": "Dear Ada!"}


def test_a_document_has_ids_places_and_values() -> None:
    document = letter().document()
    nodes, edges = document["graph"]["nodes"], document["graph"]["edges"]

    assert (document["name"], document["description"]) == ("Letter", "Writes to somebody.")
    assert [one["id"] for one in nodes] == ["string_input", "format_text", "string_output"]
    assert [one["ui_properties"]["position"]["x"] for one in nodes] == [0, 300, 600]
    assert nodes[0]["data"] == {"name": "name", "value": "Ada"}
    assert nodes[1]["dynamic_properties"] == {"mark": "!"}
    assert [(one["source"], one["sourceHandle"], one["target"], one["targetHandle"]) for one in edges] == [
        ("string_input", "output", "format_text", "who"),
        ("format_text", "output", "string_output", "value"),
    ]


def test_two_of_a_class_have_ids_of_their_own() -> None:
    made = Workflow("Two")

    assert [made.add(StringInput, name=name).id for name in "abc"] == [
        "string_input",
        "string_input_2",
        "string_input_3",
    ]


async def test_streams_branches_and_several_edges_are_built_too() -> None:
    made = Workflow("Loop")
    items = made.add(ListInput, name="items", value=["a", "b"])
    left, right = (made.add(ForEach, input_list=items.output) for _ in range(2))
    line = made.add(FormatText, template="{{ a }}{{ b }}", dynamic={"a": left.output, "b": right.index}).zip_all()
    way = made.add(If, condition=True, value=items.output)
    both = made.add(Collect, input_item=made.several(line.output, way.if_true))
    made.add(Output, name="out", value=both.output)

    planned = version(made)
    assert planned.findings == []
    assert planned.plan
    with Player() as player:
        told = await player.run(planned.plan)

    assert sorted(map(str, told.result["out"])) == ["['a', 'b']", "a0", "b1"]


def test_the_same_findings_are_found() -> None:
    made = Workflow("Wrong")
    text = made.add(StringInput, name="text")
    made.add(Join, strings=text.output)

    assert [(one.code, one.node_id, one.handle) for one in version(made).findings] == [
        ("incompatible_types", "join", "strings")
    ]


def test_what_a_class_does_not_have_is_refused_at_once() -> None:
    made = Workflow("Wrong")
    text = made.add(StringInput, name="text")

    with pytest.raises(AttributeError, match="string_input has no output 'value'; it has output"):
        _ = text.value
    with pytest.raises(TypeError, match="Join has no input 'texts'; it has strings, separator"):
        made.add(Join, texts=text.output)  # type: ignore[call-arg]


def test_a_function_is_added_like_a_class() -> None:
    @node(type_name="test.Shout", runs="inline")
    def shout(text: str = "") -> str:
        return text.upper()

    made = Workflow("Loud")
    loud = made.add(shout, text="hi")
    made.add(StringOutput, name="out", value=loud.output)

    assert version(made, shout).findings == []
