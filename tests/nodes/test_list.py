"""Lists: measured, cut, sorted, put together, and never changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.list import (
    Append,
    Chunk,
    Extend,
    Flatten,
    GetElement,
    Length,
    MapField,
    Randomize,
    Reverse,
    SelectElements,
    Slice,
    Sort,
    Transform,
)
from nodetool.sdk.testing import run

VALUES = st.lists(st.none() | st.integers() | st.text())

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


@given(VALUES, st.integers(-9, 9), st.integers(-9, 9).filter(bool), st.integers(-3, 3).filter(bool))
def test_slices_are_those_of_python(values: list[Any], start: int, stop: int, step: int) -> None:
    assert Slice(values=values, start=start, stop=stop, step=step).process() == values[start:stop:step]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers())))
def test_sort_is_stable(pairs: list[tuple[int, int]]) -> None:
    class Keyed(int):
        """Compares by its key only."""

    values = [Keyed(key) for key, _ in pairs]

    ordered = Sort(values=values).process()

    assert [id(value) for value in ordered] == [id(value) for value in sorted(values, key=int)]


@given(VALUES, VALUES)
def test_lists_are_put_together(values: list[Any], others: list[Any]) -> None:
    assert Extend(values=values, other_values=others).process() == values + others
    assert Append(values=values, value=others).process() == [*values, others]
    assert Reverse(values=Reverse(values=values).process()).process() == values


@given(VALUES, st.integers(1, 5))
def test_flatten_undoes_chunk(values: list[Any], size: int) -> None:
    chunks = Chunk(values=values, chunk_size=size).process()

    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert Flatten(values=chunks).process() == values


def test_a_chunk_has_a_size() -> None:
    with pytest.raises(ValueError, match="chunk_size: Expected `int` >= 1"):
        run(Chunk(values=[1], chunk_size=0))


@pytest.mark.parametrize(("depth", "result"), [(-1, [1, 2, 3]), (0, [1, [2, [3]]]), (1, [1, 2, [3]]), (2, [1, 2, 3])])
def test_flatten_goes_so_deep(depth: int, result: list[Any]) -> None:
    assert run(Flatten(values=[1, [2, [3]]], max_depth=depth)) == result


def test_what_is_nested_without_end_is_refused() -> None:
    values: list[Any] = []
    values.append(values)
    with pytest.raises(ValueError, match="values: is nested too deeply"):
        Flatten(values=values).process()


@pytest.mark.parametrize(("index", "element"), [(0, "a"), (2, "c"), (-1, "c"), (-3, "a")])
def test_an_element_has_a_place(index: int, element: str) -> None:
    assert run(GetElement(values=["a", "b", "c"], index=index)) == element


@pytest.mark.parametrize("index", [3, -4])
def test_a_place_that_is_not_there_is_named(index: int) -> None:
    with pytest.raises(ValueError, match=f"index: the list has 3 elements, got {index}"):
        run(GetElement(values=["a", "b", "c"], index=index))
    with pytest.raises(ValueError, match=f"indices: the list has 3 elements, got {index}"):
        run(SelectElements(values=["a", "b", "c"], indices=[0, index]))


def test_elements_are_picked_in_the_order_of_their_places() -> None:
    assert run(SelectElements(values=["a", "b", "c"], indices=[2, 0, -1])) == ["c", "a", "c"]


@given(VALUES)
def test_randomize_keeps_every_element(values: list[Any]) -> None:
    assert sorted(map(repr, Randomize(values=values).process())) == sorted(map(repr, values))


@pytest.mark.parametrize(
    ("kind", "values", "result"),
    [
        ("to_int", ["3", 4.7, True], [3, 4, 1]),
        ("to_float", ["3.5", 4], [3.5, 4.0]),
        ("to_string", [1, None, "a"], ["1", "None", "a"]),
        ("uppercase", ["straße"], ["STRASSE"]),
        ("lowercase", ["ÄB"], ["äb"]),
        ("strip", [" a\n"], ["a"]),
    ],
)
def test_elements_are_transformed(kind: Any, values: list[Any], result: list[Any]) -> None:
    assert run(Transform(values=values, transform_type=kind)) == result


def test_what_cannot_be_transformed_is_named() -> None:
    with pytest.raises(ValueError, match="values: to_int cannot be done, got 'three'"):
        run(Transform(values=["3", "three"], transform_type="to_int"))
