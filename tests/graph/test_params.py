import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.graph.params import coerce, inputs_of
from nodetool.graph.values import Misfit, fit
from nodetool.protocol.documents import GraphNode
from nodetool.protocol.errors import InvalidParams
from tests.graph.helpers import CATALOGUE, catalogue, describe, describe_input, enum, graph, inlet, kind, node, prop

NUMBERS = inlet("n", "IntegerInput", min=-(2**63), max=2**63)
RATIOS = inlet("x", "FloatInput", min=-1e300, max=1e300)
ALL = [inlet("s"), NUMBERS, RATIOS, inlet("b", "BooleanInput"), inlet("l", "StringListInput"), inlet("i", "ImageInput")]


def taken(params: dict[str, Any], *nodes: GraphNode) -> dict[str, Any]:
    return coerce(params, inputs_of(graph(*(nodes or ALL)), CATALOGUE))


def faults(params: dict[str, Any], *nodes: GraphNode) -> list[tuple[str | None, str]]:
    with pytest.raises(InvalidParams) as caught:
        taken(params, *nodes)
    return [(fault.field, fault.message) for fault in caught.value.errors]


@pytest.mark.parametrize(
    ("params", "made"),
    [
        ({"n": 5}, 5),
        ({"n": 5.0}, 5),
        ({"n": "5"}, 5),
        ({"n": " -5 "}, -5),
        ({"n": "5.0"}, 5),
        ({"x": 5}, 5.0),
        ({"x": 0.5}, 0.5),
        ({"x": "0.5"}, 0.5),
        ({"x": ".5e1"}, 5.0),
        ({"x": "-3"}, -3.0),
        ({"b": True}, True),
        ({"b": "true"}, True),
        ({"b": "false"}, False),
        ({"b": 1}, True),
        ({"b": 0}, False),
        ({"s": "text"}, "text"),
        ({"s": ""}, ""),
        ({"s": 5}, "5"),
        ({"s": 2.5}, "2.5"),
        ({"s": True}, "true"),
        ({"l": ["a"]}, ["a"]),
        ({"l": []}, []),
        ({"i": {"type": "image", "uri": "u"}}, {"type": "image", "uri": "u"}),
    ],
)
def test_makes_values_of_what_clients_send(params: dict[str, Any], made: Any) -> None:
    (found,) = taken(params).values()

    assert (found, type(found)) == (made, type(made))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n": 5.5}, "expected int, got float"),
        ({"n": "5.5"}, "expected int, and this text is none"),
        ({"n": "five"}, "expected int, and this text is none"),
        ({"n": ""}, "expected int, and this text is none"),
        ({"n": "1_000"}, "expected int, and this text is none"),
        ({"n": "٣"}, "expected int, and this text is none"),
        ({"n": "9" * 5_000}, "expected int, and this text is none"),
        ({"n": "9" * 30}, "an integer of more than 64 bits cannot be sent"),
        ({"n": True}, "expected int, got bool"),
        ({"n": [5]}, "expected int, got list"),
        ({"x": "nan"}, "expected float, and this text is none"),
        ({"x": "1e999"}, "NaN and infinities cannot be sent"),
        ({"x": float("nan")}, "NaN and infinities cannot be sent"),
        ({"x": False}, "expected float, got bool"),
        ({"b": "yes"}, "expected bool, got str"),
        ({"b": 2}, "expected bool, got int"),
        ({"b": []}, "expected bool, got list"),
        ({"s": ["text"]}, "expected str, got list"),
        ({"s": {}}, "expected str, got dict"),
        ({"s": float("inf")}, "NaN and infinities cannot be sent"),
        ({"l": "a"}, "expected list[str], got str"),
        ({"l": ["a", 1]}, "item 1: expected str, got int"),
        ({"i": "u"}, "expected image, got str"),
        ({"i": {"type": "audio"}}, "expected image, got audio"),
    ],
)
def test_refuses_what_does_not_fit(params: dict[str, Any], message: str) -> None:
    assert faults(params) == [(f"params.{next(iter(params))}", message)]


def test_null_is_not_given() -> None:
    assert taken(dict.fromkeys("snxbli")) == {}


def test_limits_are_those_of_the_input_else_of_its_class() -> None:
    own = inlet("own", "IntegerInput", min=-5, max=1_000)

    assert taken({"n": "100"}, inlet("n", "IntegerInput")) == {"n": 100}
    assert faults({"n": "101"}, inlet("n", "IntegerInput")) == [("params.n", "has to be at most 100")]
    assert taken({"own": -5}, own) == {"own": -5}
    assert faults({"own": -6}, own) == [("params.own", "has to be at least -5")]
    assert faults({"x": "0.1"}, inlet("x", "FloatInput", min=0.5)) == [("params.x", "has to be at least 0.5")]


def test_limits_may_be_in_the_type() -> None:
    value = prop("value", "int", 1, min=1, max=6)
    dice = describe("nodetool.input.DiceInput", [prop("name", "str", ""), value], role="input")
    inputs = inputs_of(graph(inlet("d", "DiceInput")), catalogue(dice))

    assert coerce({"d": 6}, inputs) == {"d": 6}
    with pytest.raises(InvalidParams, match="at most 6"):
        coerce({"d": 7}, inputs)


def test_an_input_without_any_default_is_required() -> None:
    nodes = [inlet("a", value=None), inlet("b")]

    assert taken({"a": ""}, *nodes) == {"a": ""}
    assert faults({}, *nodes) == [("params.a", "a value is required")]
    assert faults({"a": None}, *nodes) == [("params.a", "a value is required")]


def test_tells_all_faults_at_once() -> None:
    nodes = [*ALL, inlet("needed", value=None)]

    assert faults({"n": "x", "what": 1, "b": 7, "s": "fine"}, *nodes) == [
        ("params.n", "expected int, and this text is none"),
        ("params.what", "the workflow has no such input"),
        ("params.b", "expected bool, got int"),
        ("params.needed", "a value is required"),
    ]


def test_the_sentence_names_the_first_faults() -> None:
    with pytest.raises(InvalidParams, match=r"^params\.p0: the workflow has no such input; .*p2.* \(and 7 more\)$"):
        taken({f"p{index}": 1 for index in range(10)})


def test_an_unknown_param_is_refused_even_if_it_is_null() -> None:
    assert faults({"what": None}) == [("params.what", "the workflow has no such input")]


def test_so_many_params_and_no_more() -> None:
    inputs = inputs_of(graph(*(inlet(f"s{index}") for index in range(1_001))), CATALOGUE)
    params = {f"s{index}": "x" for index in range(1_001)}

    with pytest.raises(InvalidParams, match="1001 params, and 1000 is the limit"):
        coerce(params, inputs)
    assert len(coerce(params, inputs, limit=2_000)) == 1_001


def test_inputs_that_cannot_be_told_are_left_out() -> None:
    made = inputs_of(
        graph(inlet("a", name=""), node("x", "Nope", {"name": "x"}), inlet("b"), inlet("c", name="b")), CATALOGUE
    )

    assert list(made.by_name) == ["b"]


def test_a_union_takes_a_value_as_it_is_before_it_makes_another() -> None:
    known = catalogue(describe_input("EitherInput", "int|bool", 0))
    inputs = inputs_of(graph(inlet("e", "EitherInput")), known)

    assert coerce({"e": True}, inputs) == {"e": True}
    assert coerce({"e": "5"}, inputs) == {"e": 5}
    assert coerce({"e": "true"}, inputs) == {"e": True}
    with pytest.raises(InvalidParams, match=r"expected int \| bool, got str"):
        coerce({"e": "x"}, inputs)


def test_an_enum_takes_its_members() -> None:
    value = prop("value", enum("fast", "good"), "fast")
    mode = describe("nodetool.input.ModeInput", [prop("name", "str", ""), value], role="input")
    inputs = inputs_of(graph(inlet("m", "ModeInput")), catalogue(mode))

    assert coerce({"m": "good"}, inputs) == {"m": "good"}
    with pytest.raises(InvalidParams, match=r"expected enum\(fast\|good\), got another value"):
        coerce({"m": "bad"}, inputs)


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_comes_through_in_every_spelling(number: int) -> None:
    assert taken({"n": number}) == taken({"n": str(number)}) == {"n": number}


@given(st.floats(-1e300, 1e300))
def test_a_number_comes_through_in_every_spelling(number: float) -> None:
    assert taken({"x": number}) == taken({"x": repr(number)}) == {"x": number}


@given(st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_text_of_a_number_says_the_same_number(value: float) -> None:
    assert json.loads(taken({"s": value})["s"]) == value


NUMBERLIKE = st.integers(-(2**63), 2**63 - 1) | st.floats(-1e300, 1e300)
WHATEVER = st.booleans() | NUMBERLIKE | st.text(max_size=4) | st.sampled_from(["0", "1.0", "true"])
TYPES = {"s": "str", "n": "int", "x": "float", "b": "bool"}


@given(st.sampled_from("snxb"), WHATEVER)
def test_what_is_taken_is_of_the_type_and_what_was_of_the_type_is_not_changed(name: str, value: Any) -> None:
    try:
        made = taken({name: value})[name]
    except InvalidParams:
        with pytest.raises(Misfit):
            fit(value, kind(TYPES[name]))
        return
    assert fit(made, kind(TYPES[name])) == made
    assert taken({name: made}) == {name: made}
