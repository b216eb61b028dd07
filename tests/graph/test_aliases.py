"""Names of other times lead to the types of today."""

import pytest

from nodetool.graph.aliases import MOVED, RENAMED, current
from nodetool.graph.check import check
from nodetool.graph.compile import compile_plan
from nodetool.protocol.documents import Graph
from tests.engine.harness import catalogue as library
from tests.engine.harness import edges, node
from tests.graph.helpers import catalogue, describe


@pytest.mark.parametrize(
    ("written", "now"),
    [
        ("nodetool.math.Add", "lib.math.Add"),
        ("nodetool.constant.Boolean", "nodetool.constant.Bool"),
        ("nodetool.text.Concat", None),
        ("Add", None),
        ("", None),
    ],
)
def test_a_type_may_have_been_called_otherwise(written: str, now: str | None) -> None:
    assert current(written) == now


def test_no_alias_leads_to_another() -> None:
    assert not [now for now in RENAMED.values() if current(now)]
    assert not set(MOVED) & set(MOVED.values())


def test_the_suffix_may_be_there_or_not() -> None:
    one = catalogue(describe("lib.math.Add", []))

    assert one.get("nodetool.math.AddNode") is one.get("nodetool.math.Add") is one.get("lib.math.Add")


def test_a_type_that_there_is_goes_before_an_alias() -> None:
    one = catalogue(describe("lib.math.Add", []), describe("nodetool.math.Add", []))

    assert one.get("nodetool.math.Add") is not one.get("lib.math.Add")


def test_an_old_workflow_is_planned_with_the_types_of_today() -> None:
    nodes = [
        node("in", "nodetool.input.TextInput", name="text"),
        node("out", "nodetool.output.TextOutputNode", name="out"),
    ]
    graph = Graph(nodes=nodes, edges=edges("in.output -> out.value"))

    assert check(graph, library()) == []
    assert [kind.name for kind in compile_plan(graph, library()).types] == [
        "nodetool.input.StringInput",
        "nodetool.output.StringOutput",
    ]
    assert [one.type for one in graph.nodes] == ["nodetool.input.TextInput", "nodetool.output.TextOutputNode"]
