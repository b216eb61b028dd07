"""Two lists as sets, whose order is kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.list_set import Dedupe, Difference, Intersection, Union
from nodetool.sdk.testing import run

NUMBERS = st.lists(st.integers(0, 9))


@given(NUMBERS, NUMBERS)
def test_lists_work_as_sets(a: list[int], b: list[int]) -> None:
    assert set(Union(list1=a, list2=b).process()) == set(a) | set(b)
    assert set(Intersection(list1=a, list2=b).process()) == set(a) & set(b)
    assert set(Difference(list1=a, list2=b).process()) == set(a) - set(b)


@given(NUMBERS)
def test_the_first_of_each_is_kept(values: list[int]) -> None:
    assert Dedupe(values=values).process() == list(dict.fromkeys(values))


@pytest.mark.parametrize(
    ("values", "result"),
    [
        ([1, True, 1.0, "1"], [1, True, "1"]),
        ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], [{"a": 1, "b": 2}]),
        ([[1], [1], [2]], [[1], [2]]),
        ([None, None], [None]),
    ],
)
def test_values_are_compared_as_json_does(values: list[Any], result: list[Any]) -> None:
    found = run(Dedupe(values=values))

    assert found == result
    assert [type(value) for value in found] == [type(value) for value in result]
