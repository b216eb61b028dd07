import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.graph.compile import compile_plan, plan_hash
from nodetool.graph.plan import Plan, PlanNode, PlanParam
from nodetool.protocol.documents import Graph
from tests.graph.helpers import (
    CATALOGUE,
    catalogue,
    chain,
    describe,
    describe_input,
    edge,
    graph,
    inlet,
    node,
    outlet,
    prop,
)


def plan(*parts: Any) -> Plan:
    return compile_plan(graph(*parts), CATALOGUE)


def only(*parts: Any) -> PlanNode:
    """Compile and return the last node."""
    return plan(*parts).nodes[-1]


CONCAT, WORDS = node("concat", "Concat"), node("words", "Words")


def test_nodes_and_edges_are_in_document_order() -> None:
    made = plan(outlet("o"), CONCAT, inlet("i"), "concat > o", "i > concat.a")

    assert [one.id for one in made.nodes] == ["o", "concat", "i"]
    assert [(one.source, one.target) for one in made.edges] == [(1, 0), (2, 1)]


def test_each_type_is_there_once_with_its_class() -> None:
    made = plan(CONCAT, WORDS, node("more", "ConcatNode"))

    assert [(one.name, one.title, one.module, one.qualname, one.path) for one in made.types] == [
        ("test.Concat", "The Concat", "test", "Concat", None),
        ("test.Words", "The Words", "test", "Words", None),
    ]
    assert [one.type for one in made.nodes] == [0, 1, 0]


def test_notes_are_dropped_with_their_edges_and_edges_keep_their_numbers() -> None:
    made = plan(node("note", "Comment"), CONCAT, outlet("o"), "note > concat.a", "concat > o")

    assert [one.id for one in made.nodes] == ["concat", "o"]
    assert [(one.id, one.source, one.target) for one in made.edges] == [("e1", 0, 1)]


def test_an_edge_is_called_as_in_the_document() -> None:
    document = Graph(nodes=[CONCAT, outlet("o")], edges=[edge("concat > o", id="mine"), edge("concat > o", id="")])

    assert [one.id for one in compile_plan(document, CATALOGUE).edges] == ["mine", "e1"]


def test_inputs_and_outputs_are_called_by_their_names_and_others_by_their_titles() -> None:
    made = plan(inlet("i", name="in"), CONCAT, outlet("o", name="out"))

    assert [one.name for one in made.nodes] == ["in", "The Concat", "out"]
    assert [one.role for one in made.nodes] == ["input", "node", "output"]


def test_values_are_what_is_set_and_of_the_right_type() -> None:
    made = only(node("n", "Number", {"value": 3.0, "ratio": 1, "unknown": 1}))

    assert [(name, value, type(value)) for name, value in made.values.items()] == [
        ("value", 3, int),
        ("ratio", 1.0, float),
    ]


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_set_is_no_value(value: str | None) -> None:
    assert only(node("n", "Number", {"value": value})).values == {}


def test_an_edge_goes_before_a_value() -> None:
    assert only(CONCAT, node("b", "Concat", {"a": "x", "b": "y"}), "concat > b.a").values == {"b": "y"}


def test_a_stream_has_no_value() -> None:
    assert only(node("collect", "Collect", {"items": "", "separator": "-"})).values == {"separator": "-"}


def test_dynamic_values_come_from_both_places() -> None:
    data = {"template": "t", "a": 1, "b": 2, "none": None, "fed": 4}
    dynamic = {"b": 3, "c": [4], "template": "not this", "fed": 5}
    made = only(CONCAT, node("f", "Format", data, dynamic_properties=dynamic), "concat > f.fed")

    assert made.values == {"template": "t"}
    assert made.dynamic == {"a": 1, "b": 3, "c": [4]}
    assert [(one.handle, one.dynamic) for one in made.inputs] == [("fed", True)]


def test_only_a_dynamic_node_has_dynamic_values() -> None:
    assert only(node("n", "Concat", {"x": 1}, dynamic_properties={"y": 2})).dynamic == {}


def test_handles_know_their_edges_in_document_order() -> None:
    parts = [CONCAT, node("x", "Concat"), node("b", "Concat"), "x > b.a", "concat > b.b", "concat > b.a"]
    made = plan(*parts)

    assert [(one.handle, one.edges) for one in made.nodes[2].inputs] == [("a", [0, 2]), ("b", [1])]
    assert made.nodes[0].outputs == {"output": [1, 2]}
    assert made.nodes[2].outputs == {}


@pytest.mark.parametrize(
    ("parts", "gate"),
    [
        ([node("n", "Concat")], "once"),
        ([CONCAT, node("n", "Concat", sync_mode="zip_all"), "concat > n.a"], "once"),
        ([WORDS, node("n", "Concat"), "words > n.a"], "on_any"),
        ([WORDS, node("n", "Concat", sync_mode="whatever"), "words > n.a"], "on_any"),
        ([WORDS, node("n", "Concat", sync_mode="zip_all"), "words > n.a"], "zip_all"),
        ([node("n", "Collect")], "reader"),
        ([CONCAT, node("n", "Collect"), "concat > n.separator"], "reader"),
        ([WORDS, node("n", "Collect", sync_mode="zip_all"), "words > n.items"], "reader"),
        ([WORDS, outlet("n"), "words > n"], "on_any"),
    ],
)
def test_the_gate_follows_from_what_streams(parts: list[Any], gate: str) -> None:
    assert only(*parts).gate == gate


def test_a_handle_says_if_it_streams_and_if_it_is_read() -> None:
    made = only(WORDS, CONCAT, node("c", "Collect"), "words > c.items", "concat > c.items", "concat > c.separator")

    assert [(one.handle, one.streams, one.reads, one.dynamic) for one in made.inputs] == [
        ("items", True, True, False),
        ("separator", False, False, False),
    ]


def test_edges_say_if_they_stream_and_nodes_if_they_yield() -> None:
    made = plan(WORDS, CONCAT, outlet("o"), "words > concat.a", "concat > o")

    assert [one.streams for one in made.edges] == [True, True]
    assert [one.yields for one in made.nodes] == [True, False, False]


def test_an_output_knows_what_it_is_made_of() -> None:
    made = plan(
        CONCAT,
        WORDS,
        node("tokens", "Tokens"),
        outlet("value", "StringOutput"),
        outlet("list"),
        outlet("text"),
        outlet("n", "IntegerOutput"),
        "concat > value",
        "words > list",
        "tokens > text",
    )

    assert [(one.name, one.node, one.kind, one.type) for one in made.outputs] == [
        ("value", 3, "value", "string"),
        ("list", 4, "list", "any"),
        ("text", 5, "text", "any"),
        ("n", 6, "value", "integer"),
    ]


def test_an_input_is_required_only_without_any_default() -> None:
    bare = describe("own.BareInput", [prop("name", "str", ""), prop("value", "str", required=True)], role="input")
    known = catalogue(bare, describe_input("AnyInput", "any", None))
    nodes = [
        inlet("class"),
        inlet("document", value="x"),
        inlet("null", value=None),
        inlet("empty", "IntegerInput", value=""),
        node("bare", "own.BareInput", {"name": "bare"}),
        node("set", "own.BareInput", {"name": "set", "value": "x"}),
        node("any", "nodetool.input.AnyInput", {"name": "any"}),
    ]

    assert compile_plan(graph(*nodes), known).params == [
        PlanParam("class", 0, False),
        PlanParam("document", 1, False),
        PlanParam("null", 2, True),
        PlanParam("empty", 3, False, False, 0, 100),
        PlanParam("bare", 4, True),
        PlanParam("set", 5, False),
        PlanParam("any", 6, False),
    ]


def test_a_run_is_as_demanding_as_its_most_demanding_node() -> None:
    assert plan().runs == "inline"
    assert plan(CONCAT).runs == "inline"
    assert plan(CONCAT, node("collect", "Collect")).runs == "async"
    assert plan(node("slow", "Slow"), node("collect", "Collect"), CONCAT).runs == "blocking"


def test_a_sub_graph_that_leads_nowhere_is_there_too() -> None:
    assert [one.id for one in plan(CONCAT, node("alone", "Concat"), node("p", "Preview"), "concat > p").nodes] == [
        "concat",
        "alone",
        "p",
    ]


@given(st.integers(0, 40))
def test_a_chain_is_as_long_in_the_plan(length: int) -> None:
    made = compile_plan(chain(length), CATALOGUE)

    assert [one.id for one in made.nodes] == ["in", *(f"n{number}" for number in range(length)), "out"]
    assert [(one.source, one.target) for one in made.edges] == [(place, place + 1) for place in range(length + 1)]
    assert [one.gate for one in made.nodes] == ["once"] * (length + 2)


def test_a_long_chain_compiles_at_a_flat_cost_a_node() -> None:
    """The bound is generous; bench/ has the number."""
    document = chain(10_000)
    begun = time.process_time()
    made = compile_plan(document, CATALOGUE)

    assert time.process_time() - begun < 2
    assert len(made.nodes) == 10_002


def test_the_hash_names_document_types_and_compiler() -> None:
    hashes = {plan_hash(b"{}", "a"), plan_hash(b"{}", "b"), plan_hash(b"[]", "a"), plan_hash(b"", "a\n{}")}

    assert len(hashes) == 4
    assert all(len(one) == 64 for one in hashes)
    assert plan_hash(b"{}", "a") == plan_hash(b"{}", "a")
