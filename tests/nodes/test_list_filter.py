"""Filters of lists."""

from typing import Any

import pytest

from nodetool.nodes.list_filter import FilterNone, FilterNumberRange, FilterNumbers, FilterRegex, FilterStrings
from nodetool.sdk.testing import run

WORDS = ["apple", "Apfel", "pomme", ""]


def test_null_is_left_out_and_nothing_else() -> None:
    assert run(FilterNone(values=[0, None, "", [], False, None])) == [0, "", [], False]


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("greater_than", 1.0, [2.0, 3.5]),
        ("less_than", 1.0, [-2.0, 0.0]),
        ("equal_to", 2.0, [2.0]),
        ("even", None, [-2.0, 0.0, 2.0]),
        ("odd", None, [1.0]),
        ("positive", None, [1.0, 2.0, 3.5]),
        ("negative", None, [-2.0]),
    ],
)
def test_numbers_are_tested(kind: Any, value: float | None, result: list[float]) -> None:
    assert run(FilterNumbers(values=[-2, 0, 1, 2, 3.5], filter_type=kind, value=value)) == result


def test_a_comparison_needs_a_number() -> None:
    with pytest.raises(ValueError, match="value: less_than needs a number to compare with"):
        run(FilterNumbers(values=[1], filter_type="less_than"))


@pytest.mark.parametrize(("inclusive", "result"), [(True, [1.0, 2.0, 3.0]), (False, [2.0])])
def test_a_range_has_limits(inclusive: bool, result: list[float]) -> None:
    values: list[float] = [0, 1, 2, 3, 4]

    assert run(FilterNumberRange(values=values, min_value=1, max_value=3, inclusive=inclusive)) == result


@pytest.mark.parametrize(
    ("kind", "criteria", "result"),
    [
        ("contains", "p", ["apple", "Apfel", "pomme"]),
        ("starts_with", "A", ["Apfel"]),
        ("ends_with", "e", ["apple", "pomme"]),
        ("length_greater", "0", ["apple", "Apfel", "pomme"]),
        ("length_less", "1", [""]),
        ("exact_length", "5", ["apple", "Apfel", "pomme"]),
    ],
)
def test_texts_are_tested(kind: Any, criteria: str, result: list[str]) -> None:
    assert run(FilterStrings(values=WORDS, filter_type=kind, criteria=criteria)) == result


def test_a_length_is_a_number() -> None:
    with pytest.raises(ValueError, match="criteria: exact_length needs a whole number, got 'five'"):
        run(FilterStrings(values=WORDS, filter_type="exact_length", criteria="five"))


def test_a_pattern_is_searched_or_fits_the_whole() -> None:
    assert run(FilterRegex(values=WORDS, pattern="pp|pf")) == ["apple", "Apfel"]
    assert run(FilterRegex(values=WORDS, pattern="[a-z]{5}", full_match=True)) == ["apple", "pomme"]
    assert run(FilterRegex(values=WORDS, pattern="")) == WORDS


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match=r"pattern: is not a pattern: .*, got '\[a'"):
        run(FilterRegex(values=WORDS, pattern="[a"))
