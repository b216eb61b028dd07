"""Calculations."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.math import (
    Add,
    Cosine,
    Divide,
    MathFunction,
    Modulus,
    Multiply,
    Power,
    Sine,
    Sqrt,
    Subtract,
)
from nodetool.sdk import Node
from nodetool.sdk.testing import run

NUMBERS = st.integers(-(2**40), 2**40)


@given(NUMBERS, NUMBERS)
def test_whole_numbers_stay_whole(a: int, b: int) -> None:
    results = [Add(a=a, b=b).process(), Subtract(a=a, b=b).process(), Multiply(a=a, b=b).process()]

    assert results == [a + b, a - b, a * b]
    assert all(type(result) is int for result in results)


@pytest.mark.parametrize(
    ("node", "result"),
    [
        (Divide(a=7, b=2), 3.5),
        (Modulus(a=-7, b=3), 2),
        (Power(base=2, exponent=10), 1024),
        (Power(base=9, exponent=0.5), 3.0),
        (Power(base=2, exponent=-1), 0.5),
        (Sqrt(x=2.25), 1.5),
        (Sine(angle_rad=math.pi / 2), 1.0),
        (Cosine(), 1.0),
        (MathFunction(input=-3, operation="absolute"), 3),
        (MathFunction(input=-3), 3),
        (MathFunction(input=-8, operation="cube_root"), pytest.approx(-2)),
        (MathFunction(input=3, operation="cube"), 27),
        (MathFunction(input=1, operation="arctan"), pytest.approx(math.pi / 4)),
    ],
    ids=repr,
)
def test_numbers_are_worked_out(node: Node, result: Any) -> None:
    assert run(node) == result


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Divide(a=1, b=0), "b: must not be 0"),
        (Modulus(a=1, b=0.0), "b: must not be 0"),
        (Sqrt(x=-1), "x: a negative number has no square root, got -1"),
        (Power(base=0, exponent=-1), "exponent: 0 cannot be raised to a negative power, got -1"),
        (Power(base=-8, exponent=0.5), "exponent: the negative number -8 has no such power, got 0.5"),
        (Power(base=9, exponent=9**9), "exponent: 9 to this power is too large, got 387420489"),
        (Power(base=1e300, exponent=2), "exponent: 1e[+]300 to this power is too large, got 2"),
        (MathFunction(input=2, operation="arcsin"), "input: arcsin has no result, got 2"),
        (MathFunction(input=1e200, operation="square"), "input: square has no result, got 1e[+]200"),
        (Multiply(a=1e300, b=1e300), "the result is too large for a number"),
        (Add(a="1"), "a: Expected `int | float`, got `str`"),  # type: ignore[arg-type]
    ],
    ids=repr,
)
def test_what_is_no_number_is_named(node: Node, message: str) -> None:
    with pytest.raises((ValueError, OverflowError), match=message.replace("|", r"\|")):
        run(node)
