"""One number of many."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.list_number import Average, Maximum, Minimum, Product, Sum
from nodetool.sdk import Node
from nodetool.sdk.testing import run

FLOATS = st.floats(-1e6, 1e6)


def test_numbers_become_one() -> None:
    values: list[float] = [4, -1.5, 2]

    assert (run(Sum(values=values)), run(Product(values=values))) == (4.5, -12.0)
    assert (run(Minimum(values=values)), run(Maximum(values=values))) == (-1.5, 4.0)
    assert run(Average(values=values)) == 1.5


def test_tenths_add_up() -> None:
    assert run(Sum(values=[0.1] * 10)) == 1.0


def test_of_nothing_there_is_a_sum_and_a_product() -> None:
    assert (run(Sum()), run(Product())) == (0.0, 1.0)


@pytest.mark.parametrize("node", [Average(), Minimum(), Maximum()], ids=repr)
def test_of_nothing_there_is_no_average(node: Node) -> None:
    with pytest.raises(ValueError, match="values: must not be empty"):
        run(node)


@given(st.lists(FLOATS, min_size=1))
def test_an_average_lies_between_the_limits(values: list[float]) -> None:
    average = Average(values=values).process()

    assert min(values) <= average <= max(values) or math.isclose(average, values[0])


def test_what_is_no_number_is_named() -> None:
    with pytest.raises(ValueError, match=r"values: Expected `float`, got `str` - at `\$\[1\]`"):
        run(Sum(values=[1, "2"]))  # type: ignore[list-item]
