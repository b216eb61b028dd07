"""Lists: measured, cut, sorted, filtered, and never changed."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.list import FilterDictsByNumber, FilterDictsByValue, Length, MapField, Slice, Sort
from nodetool.sdk.testing import Recorder, run

CITIES: list[dict[str, Any]] = [
    {"name": "Zürich", "people": 443_037, "tags": ["lake"]},
    {"name": "Bern", "people": 137_995, "tags": []},
    {"name": "Gletsch", "people": 0},
    {"name": "unknown", "people": "many"},
    {"people": -1},
]


def test_length_counts() -> None:
    assert run(Length(values=[1, None, []])) == 3
    assert run(Length()) == 0


@pytest.mark.parametrize(
    ("start", "stop", "step", "result"),
    [
        (0, 0, 1, [0, 1, 2, 3, 4]),
        (2, 0, 1, [2, 3, 4]),
        (0, 2, 1, [0, 1]),
        (-2, 0, 1, [3, 4]),
        (0, -1, 1, [0, 1, 2, 3]),
        (0, 0, 2, [0, 2, 4]),
        (-1, 0, -1, [4, 3, 2, 1, 0]),
        (9, 0, 1, []),
        (0, 99, 1, [0, 1, 2, 3, 4]),
    ],
)
def test_slice_takes_a_part(start: int, stop: int, step: int, result: list[int]) -> None:
    assert run(Slice(values=[0, 1, 2, 3, 4], start=start, stop=stop, step=step)) == result


def test_slice_needs_a_step() -> None:
    with pytest.raises(ValueError, match="step: must not be 0"):
        run(Slice(values=[1], step=0))


@given(st.lists(st.integers()))
def test_sort_goes_either_way(values: list[int]) -> None:
    ascending = Sort(values=values).process()

    assert sorted(values) == ascending
    assert Sort(values=values, order="descending").process() == ascending[::-1]


def test_sort_puts_text_in_order_and_leaves_its_input() -> None:
    values = ["b", "ä", "a", "B"]

    assert run(Sort(values=values)) == ["B", "a", "b", "ä"]
    assert values == ["b", "ä", "a", "B"]


@pytest.mark.parametrize(
    ("values", "kinds"), [([1, "a"], "int and str"), ([{}, {}], "dict"), ([None, 1], "NoneType and int")]
)
def test_sort_says_what_has_no_order(values: list[Any], kinds: str) -> None:
    with pytest.raises(ValueError, match=f"values: {kinds} cannot be put in order"):
        run(Sort(values=values))


def test_map_field_takes_a_column() -> None:
    assert run(MapField(values=CITIES, field="name", default="?")) == ["Zürich", "Bern", "Gletsch", "unknown", "?"]
    assert run(MapField(field="name")) == []


@pytest.mark.parametrize(
    ("filter_type", "value", "names"),
    [
        ("greater_than", 137_995, ["Zürich"]),
        ("less_than", 1, ["Gletsch", None]),
        ("equal_to", 137_995.0, ["Bern"]),
        ("even", None, ["Gletsch"]),
        ("odd", None, ["Zürich", "Bern", None]),
        ("positive", None, ["Zürich", "Bern"]),
        ("negative", None, [None]),
    ],
)
def test_numbers_are_tested(filter_type: Any, value: float | None, names: list[str | None]) -> None:
    found = run(FilterDictsByNumber(values=CITIES, key="people", filter_type=filter_type, value=value))

    assert [row.get("name") for row in found] == names


def test_what_has_no_number_is_left_out_and_counted() -> None:
    ctx = Recorder()
    rows: list[dict[str, Any]] = [{"n": 1}, {"n": "1"}, {"n": True}, {"n": None}, {}]

    assert run(FilterDictsByNumber(values=rows, key="n", value=0), ctx) == [{"n": 1}]
    assert ctx.logs == [("warning", "4 of 5 dictionaries have no number under 'n'")]


def test_nothing_is_said_when_all_have_a_number() -> None:
    ctx = Recorder()

    run(FilterDictsByNumber(values=[{"n": 1}], key="n", value=0), ctx)

    assert ctx.logs == []


def test_a_comparison_needs_a_number() -> None:
    with pytest.raises(ValueError, match="value: greater_than needs a number to compare with"):
        run(FilterDictsByNumber(values=CITIES, key="people"))


@pytest.mark.parametrize(
    ("key", "filter_type", "criteria", "count"),
    [
        ("name", "contains", "er", 1),
        ("name", "contains", "", 4),
        ("name", "starts_with", "Z", 1),
        ("name", "ends_with", "ch", 2),
        ("name", "equals", "Bern", 1),
        ("people", "equals", "0", 1),
        ("people", "type_is", "int", 4),
        ("people", "type_is", "str", 1),
        ("name", "length_greater", "6", 2),
        ("name", "length_less", "5", 1),
        ("tags", "exact_length", "1", 1),
        ("people", "exact_length", "4", 1),
        ("nowhere", "contains", "", 0),
    ],
)
def test_values_are_tested(key: str, filter_type: Any, criteria: str, count: int) -> None:
    found = run(FilterDictsByValue(values=CITIES, key=key, filter_type=filter_type, criteria=criteria))

    assert len(found) == count


def test_a_length_is_a_number() -> None:
    with pytest.raises(ValueError, match="criteria: length_less needs a whole number, got 'long'"):
        run(FilterDictsByValue(values=CITIES, key="name", filter_type="length_less", criteria="long"))


def test_an_unknown_filter_is_refused() -> None:
    with pytest.raises(ValueError, match="filter_type: Invalid enum value 'regex'"):
        run(FilterDictsByValue(filter_type="regex"))  # type: ignore[arg-type]


def test_filters_hand_the_rows_over_unchanged() -> None:
    before = copy.deepcopy(CITIES)

    found = FilterDictsByValue(values=CITIES, key="name", filter_type="equals", criteria="Bern").process()

    assert found[0] is CITIES[1]
    assert before == CITIES
