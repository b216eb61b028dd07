"""Questions and decisions."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.boolean import All, Compare, ConditionalSwitch, IsIn, IsNone, LogicalOperator, Not, Some
from nodetool.sdk.testing import run


@pytest.mark.parametrize(
    ("a", "comparison", "b", "result"),
    [
        (1, "==", 1.0, True),
        ("a", "!=", "b", True),
        (2, ">", 1, True),
        ("a", "<", "b", True),
        (2, ">=", 2, True),
        ([1, 2], "<=", [1, 3], True),
        (None, "==", None, True),
        ("1", "==", 1, False),
    ],
)
def test_values_are_compared(a: Any, comparison: Any, b: Any, result: bool) -> None:
    assert run(Compare(a=a, b=b, comparison=comparison)) is result


def test_what_has_no_order_is_named() -> None:
    with pytest.raises(ValueError, match="comparison: str and int have no order, got '>'"):
        run(Compare(a="1", b=1, comparison=">"))


@pytest.mark.parametrize(
    ("operation", "table"),
    [("and", "0001"), ("or", "0111"), ("xor", "0110"), ("nand", "1110"), ("nor", "1000")],
)
def test_answers_are_joined(operation: Any, table: str) -> None:
    pairs = product([False, True], repeat=2)

    assert "".join(str(int(run(LogicalOperator(a=a, b=b, operation=operation)))) for a, b in pairs) == table


def test_not_turns_round() -> None:
    assert (run(Not(value=True)), run(Not())) == (False, True)


def test_a_switch_sends_one_value_on() -> None:
    assert run(ConditionalSwitch(condition=True, if_true="a", if_false="b")) == "a"
    assert run(ConditionalSwitch(condition=False, if_true="a", if_false="b")) == "b"
    assert run(ConditionalSwitch(condition=True, if_false="b")) is None


def test_a_value_is_among_others() -> None:
    assert run(IsIn(value={"a": 1}, options=[1, {"a": 1}])) is True
    assert run(IsIn(value="a", options=["abc"])) is False


def test_null_is_null() -> None:
    assert (run(IsNone()), run(IsNone(value=0))) == (True, False)


@given(st.lists(st.booleans()))
def test_lists_of_answers(values: list[bool]) -> None:
    assert All(values=values).process() == all(values)
    assert Some(values=values).process() == any(values)
