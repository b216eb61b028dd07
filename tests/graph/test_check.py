from typing import Any

import pytest

from nodetool.graph.catalogue import Catalogue
from nodetool.graph.check import MAX_SUGGESTED, check
from nodetool.protocol.descriptions import Index, Pack
from nodetool.protocol.documents import Finding
from tests.graph.helpers import CATALOGUE, catalogue, chain, describe, describe_input, graph, inlet, node, outlet, prop


def found(*parts: Any) -> list[Finding]:
    return check(graph(*parts), CATALOGUE)


def codes(*parts: Any) -> list[tuple[str, str, str | None]]:
    return [(one.code, one.node_id, one.handle) for one in found(*parts)]


CONCAT, WORDS, COLLECT = node("concat", "Concat"), node("words", "Words"), node("collect", "Collect")


def test_a_good_graph_has_no_findings() -> None:
    assert codes(inlet("a"), CONCAT, outlet("o"), "a > concat.a", "concat > o") == []
    assert check(chain(100), CATALOGUE) == []
    assert codes() == []


def test_an_unknown_type_is_named_with_what_may_have_been_meant() -> None:
    (one,) = found(node("x", "Concatt"))

    assert (one.code, one.node_id, one.handle) == ("unknown_type", "x", None)
    assert one.message == "there is no node type 'test.Concatt'; did you mean test.Concat?"


def test_an_unknown_type_is_the_only_fault_of_its_edges() -> None:
    parts = [CONCAT, node("x", "Nope", {"a": 1}), outlet("o"), "concat > x.what", "x.ever > o", "x > concat.a"]

    assert ("unknown_type", "x", None) in codes(*parts)
    assert {one.code for one in found(*parts)} == {"unknown_type", "cycle"}


def test_an_unknown_type_hides_no_other_finding() -> None:
    parts = [node("x", "Nope"), CONCAT, outlet("o", name=""), "x > concat.nope", "concat > o"]

    assert codes(*parts) == [
        ("unknown_type", "x", None),
        ("unknown_handle", "concat", "nope"),
        ("unnamed_output", "o", "name"),
    ]


def test_near_names_are_looked_up_for_the_first_types_only() -> None:
    messages = [one.message for one in found(*(node(f"n{index}", f"Concat{index}") for index in range(40)))]

    assert sum("did you mean" in message for message in messages) == MAX_SUGGESTED
    assert len(messages) == 40


def test_handles_have_to_be_there() -> None:
    parts = [CONCAT, node("b", "Concat"), "concat.nope > b.a", "concat > b.nope"]
    first, second = found(*parts)

    assert (first.code, first.node_id, first.handle) == ("unknown_handle", "concat", "nope")
    assert first.message == "node concat has no output 'nope'; it has output"
    assert (second.code, second.node_id, second.handle) == ("unknown_handle", "b", "nope")
    assert second.message == "node b has no input 'nope'; it has a, b"


def test_a_dynamic_node_takes_any_in_handle() -> None:
    assert codes(CONCAT, node("format", "Format"), "concat > format.whatever") == []


def test_outputs_may_be_dynamic_by_type_or_by_document() -> None:
    own = node("own", "Concat", dynamic_outputs={"extra": {"type": "int"}, "odd": 3})

    assert codes(node("fan", "Fan"), CONCAT, "fan.whatever > concat.a") == []
    assert codes(own, CONCAT, "own.odd > concat.a") == []
    assert codes(own, CONCAT, "own.extra > concat.a") == [("incompatible_types", "concat", "a")]
    assert codes(own, CONCAT, "own.other > concat.a") == [("unknown_handle", "own", "other")]


def test_an_input_takes_no_edge() -> None:
    assert codes(CONCAT, inlet("a"), "concat > a") == [("unknown_handle", "a", "value")]


def test_types_have_to_fit() -> None:
    (one,) = found(node("number", "Number"), CONCAT, "number > concat.a")

    assert (one.code, one.node_id, one.handle) == ("incompatible_types", "concat", "a")
    assert one.message == "number.output gives int, concat.a takes str"


def test_a_list_output_takes_a_list_or_a_stream_of_its_items() -> None:
    words, numbers = node("words", "Words"), node("numbers", "Number")

    assert codes(words, outlet("o", "ListOutput"), "words > o") == []
    assert codes(CONCAT, outlet("o", "ListOutput"), "concat > o") == [("incompatible_types", "o", "value")]
    assert codes(words, numbers, outlet("o", "ListOutput"), "words > numbers.text", "numbers > o")[-1] == (
        "incompatible_types",
        "o",
        "value",
    )


def test_a_text_output_takes_a_stream_of_chunks() -> None:
    assert codes(node("tokens", "Tokens"), outlet("o", "StringOutput"), "tokens > o") == []


def test_notes_and_their_edges_do_not_exist() -> None:
    comment = node("note", "Comment", {"comment": 3})

    assert codes(comment, CONCAT, "note.nope > concat.nope", "concat > note.nope", "note > note") == []


def test_each_cycle_is_one_finding_that_names_its_nodes() -> None:
    a, b, c = (node(name, "Concat") for name in "abc")
    first, second = found(a, b, c, "a > b.a", "b > a.a", "b > c.a", "c > c.b")

    assert (first.code, first.node_id, first.message) == ("cycle", "a", "a cycle goes through a, b")
    assert (second.code, second.node_id, second.message) == ("cycle", "c", "a cycle goes through c")


def test_a_long_cycle_is_told_in_short() -> None:
    names = [f"n{index}" for index in range(5_000)]
    edges = [f"{one} > {other}.a" for one, other in zip(names, [*names[1:], names[0]], strict=True)]
    (one,) = found(*(node(name, "Concat") for name in names), *edges)

    assert one.message.endswith("n19 and 4980 more")


@pytest.mark.parametrize("name", ["", None])
def test_inputs_and_outputs_need_names(name: str | None) -> None:
    parts = [inlet("i", name=name), outlet("o", name=name), node("bare", "nodetool.input.StringInput")]

    assert codes(*parts) == [
        ("unnamed_input", "i", "name"),
        ("unnamed_output", "o", "name"),
        ("unnamed_input", "bare", "name"),
    ]


def test_a_name_is_a_text_and_not_too_long() -> None:
    assert codes(inlet("a", name=3), inlet("b", name="x" * 257)) == [
        ("wrong_property", "a", "name"),
        ("wrong_property", "b", "name"),
    ]


def test_names_are_used_once() -> None:
    parts = [inlet("a", name="x"), inlet("b", name="x"), outlet("c", name="x"), outlet("d", name="x")]

    assert codes(*parts) == [("doubled_input", "b", "name"), ("doubled_output", "d", "name")]
    assert found(*parts)[0].message == "input b has the same name as a: 'x'"


@pytest.mark.parametrize(
    ("data", "handle", "message"),
    [
        ({"value": "3"}, "value", "n.value: expected int, got str"),
        ({"value": 3.5}, "value", "n.value: expected int, got float"),
        ({"value": True}, "value", "n.value: expected int, got bool"),
        ({"value": 11}, "value", "n.value: has to be at most 10"),
        ({"value": -1}, "value", "n.value: has to be at least 0"),
        ({"ratio": "x"}, "ratio", "n.ratio: expected float, got str"),
    ],
)
def test_values_have_to_fit(data: dict[str, Any], handle: str, message: str) -> None:
    (one,) = found(node("n", "Number", data))

    assert (one.code, one.handle, one.message) == ("wrong_property", handle, message)


def test_an_enum_takes_its_members() -> None:
    assert codes(node("n", "Choice", {"mode": "good"})) == []
    assert codes(node("n", "Choice", {"mode": "bad"})) == [("wrong_property", "n", "mode")]


def test_a_number_beyond_64_bits_is_refused_wherever_it_stands() -> None:
    data = {"value": [{"x": 2**70}]}

    assert codes(node("n", "If", data)) == [("wrong_property", "n", "value")]
    assert codes(node("n", "Format", dynamic_properties=data)) == [("wrong_property", "n", "value")]


@pytest.mark.parametrize(
    "data",
    [
        {"value": 3.0, "ratio": 1},
        {"value": None, "ratio": None},
        {"value": "", "ratio": []},
        {"nope": object},
        None,
    ],
    ids=["numbers", "null", "empty", "unknown key", "no data"],
)
def test_what_is_not_set_or_not_known_is_not_checked(data: dict[str, Any] | None) -> None:
    assert codes(node("n", "Number", data)) == []


def test_a_value_behind_an_edge_is_not_checked() -> None:
    parts = [node("a", "Number"), node("n", "Number", {"value": "three"}), "a > n.value"]

    assert codes(*parts) == []


def test_an_empty_map_is_no_picture_and_no_finding() -> None:
    assert codes(node("n", "Picture", {"image": {}})) == []
    assert codes(node("n", "Picture", {"image": {"type": "audio"}})) == [("wrong_property", "n", "image")]


def test_what_is_required_needs_a_value_or_an_edge() -> None:
    needy = node("n", "Needy")

    assert codes(needy) == [("missing_property", "n", "text")]
    assert codes(node("n", "Needy", {"text": None})) == [("missing_property", "n", "text")]
    assert codes(node("n", "Needy", {"text": 3})) == [("wrong_property", "n", "text")]
    assert codes(node("n", "Needy", {"text": ""})) == []
    assert codes(CONCAT, needy, "concat > n.text") == []


def test_the_value_of_an_input_comes_with_the_run() -> None:
    bare = describe(
        "own.Input", [prop("name", "str", required=True), prop("value", "str", required=True)], role="input"
    )
    known = catalogue(bare, describe_input("OtherInput", "any", None))
    parts = [node("a", "own.Input", {"name": "a"}), node("b", "nodetool.input.OtherInput", {"name": "b"})]

    assert check(graph(*parts), known) == []


def test_a_stream_goes_into_a_stream_where_a_node_reads() -> None:
    assert codes(WORDS, COLLECT, "words > collect.items") == []
    (one,) = found(WORDS, COLLECT, "words > collect.separator")

    assert (one.code, one.node_id, one.handle) == ("stream_into_value", "collect", "separator")
    assert one.message == "words.output streams, and collect.separator takes one value"


def test_a_value_goes_into_a_value_of_a_node_that_reads() -> None:
    assert codes(CONCAT, COLLECT, "concat > collect.separator", "concat > collect.items") == []


def test_tells_everything_at_once_in_the_order_of_the_nodes() -> None:
    parts = [
        inlet("i", name=""),
        node("x", "Nope"),
        node("n", "Number", {"value": "x"}),
        CONCAT,
        outlet("o", name=""),
        "n > concat.a",
        "concat.nope > o",
        "concat > concat.b",
    ]

    assert [code for code, _, _ in codes(*parts)] == [
        "unnamed_input",
        "unknown_type",
        "wrong_property",
        "incompatible_types",
        "unknown_handle",
        "cycle",
        "unnamed_output",
    ]


@pytest.mark.parametrize(
    ("allow", "codes"),
    [
        (None, []),
        ((), ["node_not_allowed"]),
        (("test.Shell",), []),
        (("test.*",), []),
        (("test.shell", "Shell", "test.Sh"), ["node_not_allowed"]),
    ],
)
def test_a_type_that_touches_the_machine_needs_to_be_allowed(allow: tuple[str, ...] | None, codes: list[str]) -> None:
    shell = describe("test.Shell", [prop("command", "str", "")], touches=["host", "code"])
    known = Catalogue(Index(packs=[Pack(name="p", nodes=[shell])], hash="h"), allow)

    found = check(graph(node("x", "Shell")), known)

    assert [one.code for one in found] == codes
    for one in found:
        assert one.message == "node x: test.Shell touches host and code, and --allow-nodes does not name it"
