"""What commands print."""

from typing import Any

import pytest

from nodetool.cli import show
from nodetool.graph.catalogue import Catalogue
from nodetool.protocol.descriptions import RUNS, Index, NodeDescription, Output, Pack, Property, TypeMetadata
from nodetool.protocol.documents import Finding, Graph, GraphNode

STR = TypeMetadata(type="str")


def kind(**fields: Any) -> NodeDescription:
    given = {
        "node_type": "test.Cut",
        "title": "Cut Text",
        "description": "Cut a text.",
        "namespace": "test",
        "runs": "inline",
        "module": "test",
        "qualname": "Cut",
        "version": "1",
    }
    return NodeDescription(**(given | fields))


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({}, ""),
        ({"a": "two\nlines"}, "two\nlines"),
        ({"a": 1}, "a: 1"),
        ({"a": "x", "b": [1, None, "ü"]}, 'a: x\nb: [1,null,"ü"]'),
        ({"a": "two\nlines", "b": True}, "a:\n  two\n  lines\nb: true"),
    ],
    ids=["nothing", "one text", "one number", "several", "several lines"],
)
def test_outputs_are_printed_for_eyes(result: dict[str, Any], text: str) -> None:
    assert show.outputs(result) == text


def test_a_long_value_gets_several_lines() -> None:
    assert show.outputs({"a": ["x" * 100]}).splitlines() == ["a:", "  [", f'    "{"x" * 100}"', "  ]"]


def test_columns_are_as_wide_as_they_have_to_be() -> None:
    assert list(show.table([("a", "bbb", ""), ("aaa", "b", "c")])) == ["a    bbb", "aaa  b    c"]


def test_a_finding_names_its_node_and_handle() -> None:
    graph = Graph(nodes=[GraphNode(id="n1", type="test.Cut"), GraphNode(id="n2", type="test.Gone")], edges=[])
    found = [
        Finding(code="unknown_handle", node_id="n1", handle="x", message="there is no x"),
        Finding(code="unknown_type", node_id="n2", handle=None, message="there is no such type"),
    ]
    types = Catalogue(Index(packs=[Pack(name="test", nodes=[kind()])], hash=""))

    assert list(show.findings(found, graph, types)) == [
        "node n1 (Cut Text), handle x: there is no x [unknown_handle]",
        "node n2 (test.Gone): there is no such type [unknown_type]",
    ]
    assert show.summary("w.json", graph, found) == "w.json: 2 findings (2 nodes, 0 edges)"
    assert show.summary("w.json", graph, []) == "w.json: no findings (2 nodes, 0 edges)"


def test_node_types_are_listed_by_name() -> None:
    listed = list(show.node_list([kind(node_type="b.B", title="B"), kind(node_type="a.A", title="A", runs="cpu")]))

    assert listed == ["TYPE  TITLE  CLASS", "a.A   A      cpu", "b.B   B      inline"]


def test_a_node_type_is_shown_with_all_that_is_known_of_it() -> None:
    properties = [
        Property(name="text", type=STR, default="", description="What is cut."),
        Property(name="items", type=STR, stream=True),
        Property(name="width", type=TypeMetadata(type="int"), default=3, min=1, max=80),
        Property(name="side", type=TypeMetadata(type="enum", values=["left", "right"]), required=True),
    ]
    outputs = [Output(name="output", type=STR, stream=True)]

    lines = list(show.node(kind(properties=properties, outputs=outputs, is_dynamic=True)))

    assert lines[:14] == [
        "Cut Text  test.Cut",
        "",
        "Cut a text.",
        "",
        "Inputs",
        '  text   str            = ""               What is cut.',
        "  items  stream of str",
        "  width  int            = 3       1 to 80",
        "  side   left | right   required",
        "  …      any                               Any further input, under a name of your own.",
        "",
        "Outputs",
        "  output  stream of str",
        "",
    ]


@pytest.mark.parametrize("runs", RUNS)
def test_it_is_said_why_a_node_runs_as_it_does(runs: str) -> None:
    assert f"Runs {runs}. " in "\n".join(show.node(kind(runs=runs)))


def test_it_is_said_what_is_kept_of_a_node_and_how_long_it_may_take() -> None:
    lines = list(show.node(kind(checkpoint=True, timeout=30.0)))

    assert lines[-2:] == [
        "A firing may take 30 seconds.",
        "Kept: when its job is started again after a crash, what it sent is not computed again.",
    ]


def test_an_unknown_type_has_near_ones() -> None:
    assert show.unknown("Ct", ["a.Cut", "b.Cut"]) == "no node type 'Ct'; did you mean a.Cut or b.Cut?"
    assert show.unknown("Ct", []) == "no node type 'Ct'"
