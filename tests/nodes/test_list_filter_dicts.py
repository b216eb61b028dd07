"""Filters of lists of dictionaries: nothing is changed, and what is left out is counted."""

import copy
from typing import Any

import pytest

from nodetool.nodes.list_filter_dicts import (
    FilterDicts,
    FilterDictsByNumber,
    FilterDictsByRange,
    FilterDictsByValue,
    FilterDictsRegex,
)
from nodetool.sdk.testing import Recorder, run

CITIES: list[dict[str, Any]] = [
    {"name": "Zürich", "people": 443_037, "tags": ["lake"]},
    {"name": "Bern", "people": 137_995, "tags": []},
    {"name": "Gletsch", "people": 0},
    {"name": "unknown", "people": "many"},
    {"people": -1},
]


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


@pytest.mark.parametrize(("inclusive", "names"), [(True, ["Zürich", "Gletsch"]), (False, [])])
def test_a_range_has_limits(inclusive: bool, names: list[str]) -> None:
    ctx = Recorder()
    node = FilterDictsByRange(values=CITIES, key="people", min_value=0, max_value=443_037, inclusive=inclusive)

    found = run(node, ctx)

    assert [row["name"] for row in found if row["name"] != "Bern"] == names
    assert ctx.logs == [("warning", "1 of 5 dictionaries have no number under 'people'")]


def test_a_pattern_is_searched_or_fits_the_whole() -> None:
    def names(pattern: str, **fields: Any) -> list[Any]:
        return [row["name"] for row in run(FilterDictsRegex(values=CITIES, key="name", pattern=pattern, **fields))]

    assert names("e") == ["Bern", "Gletsch"]
    assert names("[A-Z]...", full_match=True) == ["Bern"]
    assert [row["people"] for row in run(FilterDictsRegex(values=CITIES, key="people", pattern="^-"))] == [-1]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("", ["Zürich", "Bern", "Gletsch", "unknown", None]),
        ("name == 'Bern'", ["Bern"]),
        ("people is number and people > 0", ["Zürich", "Bern"]),
        ("people in [0, 137995] and not name == 'Bern'", ["Gletsch"]),
        ("name | length > 6", ["Gletsch", "unknown"]),
        ("tags and 'lake' in tags", ["Zürich"]),
    ],
)
def test_a_condition_is_written_as_in_a_template(condition: str, names: list[str | None]) -> None:
    assert [row.get("name") for row in run(FilterDicts(values=CITIES, condition=condition))] == names


def test_what_lacks_a_key_of_the_condition_is_left_out_and_counted() -> None:
    ctx = Recorder()

    assert run(FilterDicts(values=[{"a": 1}, {"b": 2}], condition="a > 0"), ctx) == [{"a": 1}]
    assert ctx.logs == [("warning", "1 of 2 dictionaries are left out: condition: 'a' is undefined")]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("name ==", "condition: line 1: "),
        ("name > 3", "condition: '>' not supported between"),
        ("''.__class__.__mro__", "condition: access to attribute"),
        ("range(100000) | sum + 'a' * 10 ** 9", "condition: this would make something of size 1000000000"),
    ],
)
def test_a_condition_that_does_not_work_says_why(condition: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        run(FilterDicts(values=CITIES, condition=condition))
