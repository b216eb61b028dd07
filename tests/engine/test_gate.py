"""When a node fires: examples, and laws over every order of arrival."""

from collections import deque
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.engine.gate import NOTHING, ForEach, Gate, InOrder, OnAny, Reader, Row, ZipAll, gate_for

Arrival = tuple[str, Any]
"""A handle and its item; CLOSE in place of an item: it ends; SKIP: it was skipped."""

CLOSE, SKIP = "close", "skip"

arrivals = st.lists(st.tuples(st.sampled_from("ab"), st.integers()))


def feed(gate: Gate, events: Iterable[Arrival]) -> list[Row]:
    """Give the gate what arrives, and take each row as soon as it is there, until it is over."""
    rows: list[Row] = []
    for handle, value in events:
        if value in (CLOSE, SKIP):
            gate.close(handle, skipped=value == SKIP)
        else:
            gate.push(handle, value)
        rows.extend(drain(gate))
    return rows


def drain(gate: Gate) -> Iterable[Row]:
    while (row := gate.take()) is not None:
        yield row


def items(events: Iterable[Arrival], handle: str) -> list[Any]:
    return [value for name, value in events if name == handle]


@pytest.mark.parametrize(
    ("kind", "streams", "expected"),
    [
        ("on_any", ["a"], ForEach),
        ("zip_all", ["a"], ForEach),
        ("on_any", ["a", "b"], OnAny),
        ("zip_all", ["a", "b"], ZipAll),
        ("reader", [], Reader),
    ],
)
def test_a_plan_names_its_gate(kind: str, streams: list[str], expected: type[Gate]) -> None:
    assert type(gate_for(kind, streams, ["c"])) is expected


class TestForEach:
    def test_waits_for_the_single_values_and_uses_them_with_each_item(self) -> None:
        gate = ForEach(["a"], ["x"])

        assert feed(gate, [("a", 1), ("a", 2)]) == []
        gate.fix("x", "!")
        assert list(drain(gate)) == [{"x": "!", "a": 1}, {"x": "!", "a": 2}]

    def test_is_over_with_its_last_item(self) -> None:
        gate = ForEach(["a"], [])

        feed(gate, [("a", 1)])
        assert not gate.over
        gate.close("a")
        assert gate.over

    def test_is_not_over_while_an_item_waits(self) -> None:
        gate = ForEach(["a"], [])
        gate.push("a", 1)
        gate.close("a")

        assert not gate.over
        assert gate.take() == {"a": 1}
        assert gate.over

    def test_never_fires_without_a_single_value(self) -> None:
        gate = ForEach(["a"], ["x"])
        gate.push("a", 1)
        gate.fix("x", NOTHING)

        assert gate.over
        assert gate.take() is None
        gate.push("a", 2)
        assert gate.dropped == 2

    @given(st.lists(st.integers()))
    def test_fires_once_for_each_item_in_order(self, values: list[int]) -> None:
        gate = ForEach(["a"], [])

        rows = feed(gate, [("a", value) for value in values])

        assert rows == [{"a": value} for value in values]
        gate.close("a")
        assert gate.over


class TestOnAny:
    def test_fires_on_the_first_of_each_then_on_each_arrival_with_the_latest_of_the_others(self) -> None:
        rows = feed(OnAny(["a", "b"], []), [("a", 1), ("a", 2), ("b", 10), ("b", 20), ("a", 3)])

        assert rows == [{"a": 1, "b": 10}, {"a": 2, "b": 10}, {"a": 2, "b": 20}, {"a": 3, "b": 20}]

    def test_never_fires_if_a_stream_ends_without_an_item(self) -> None:
        gate = OnAny(["a", "b"], [])

        assert feed(gate, [("a", 1), ("b", CLOSE), ("a", 2)]) == []
        assert gate.over
        assert gate.dropped == 2

    def test_goes_on_with_the_latest_of_a_stream_that_has_ended(self) -> None:
        gate = OnAny(["a", "b"], [])

        rows = feed(gate, [("a", 1), ("b", 10), ("b", CLOSE), ("a", 2), ("a", CLOSE)])

        assert rows == [{"a": 1, "b": 10}, {"a": 2, "b": 10}]
        assert gate.over

    def test_single_values_stay(self) -> None:
        gate = OnAny(["a", "b"], ["x"])
        gate.fix("x", 0)

        assert feed(gate, [("a", 1), ("b", 2), ("a", 3)]) == [{"x": 0, "a": 1, "b": 2}, {"x": 0, "a": 3, "b": 2}]

    def test_is_over_when_a_branch_was_skipped(self) -> None:
        gate = OnAny(["a", "b"], [])
        feed(gate, [("a", 1), ("b", SKIP)])

        assert gate.over

    @given(arrivals)
    def test_fires_once_for_each_arrival_but_those_of_the_first_row(self, events: list[Arrival]) -> None:
        rows = feed(OnAny(["a", "b"], []), events)

        has_both = bool(items(events, "a")) and bool(items(events, "b"))
        assert len(rows) == (len(events) - 1 if has_both else 0)

    @given(arrivals)
    def test_uses_every_item_in_its_order(self, events: list[Arrival]) -> None:
        rows = feed(OnAny(["a", "b"], []), events)

        for handle in "ab" if rows else "":
            assert _without_repeats([row[handle] for row in rows]) == _without_repeats(items(events, handle))

    @given(arrivals, arrivals)
    def test_taking_late_gives_the_same_rows_as_taking_at_once(self, first: list[Arrival], rest: list[Arrival]) -> None:
        late = OnAny(["a", "b"], [])
        for handle, value in [*first, *rest]:
            late.push(handle, value)

        assert list(drain(late)) == feed(OnAny(["a", "b"], []), [*first, *rest])


class TestZipAll:
    def test_pairs_the_nth_items(self) -> None:
        gate = ZipAll(["a", "b"], [])

        assert feed(gate, [("a", 1), ("a", 2), ("b", 10)]) == [{"a": 1, "b": 10}]
        assert feed(gate, [("b", 20)]) == [{"a": 2, "b": 20}]

    def test_single_values_stay(self) -> None:
        gate = ZipAll(["a", "b"], ["x"])
        gate.fix("x", 0)

        assert feed(gate, [("a", 1), ("b", 2), ("a", 3), ("b", 4)]) == [
            {"x": 0, "a": 1, "b": 2},
            {"x": 0, "a": 3, "b": 4},
        ]

    def test_the_shorter_stream_ends_it_and_the_rest_of_the_other_is_dropped_and_counted(self) -> None:
        gate = ZipAll(["a", "b"], [])

        rows = feed(gate, [("a", 1), ("a", 2), ("a", 3), ("b", 10), ("b", CLOSE), ("a", 4)])

        assert rows == [{"a": 1, "b": 10}]
        assert gate.over
        assert gate.dropped == 3

    @given(arrivals)
    def test_pairs_in_the_order_they_came(self, events: list[Arrival]) -> None:
        rows = feed(ZipAll(["a", "b"], []), events)

        pairs = zip(items(events, "a"), items(events, "b"), strict=False)
        assert [(row["a"], row["b"]) for row in rows] == list(pairs)

    @given(arrivals)
    def test_every_item_is_in_a_row_or_counted_as_dropped(self, events: list[Arrival]) -> None:
        gate = ZipAll(["a", "b"], [])

        rows = feed(gate, [*events, ("a", CLOSE), ("b", CLOSE)])

        assert gate.over
        assert 2 * len(rows) + gate.dropped == len(events)


class TestReader:
    def test_starts_with_the_first_item_while_the_streams_are_open(self) -> None:
        gate = Reader(["a", "b"], [])
        assert gate.take() is None

        gate.push("a", 1)

        assert gate.take() == {}
        assert gate.waiting == {"a": deque([1]), "b": deque()}

    def test_fires_once(self) -> None:
        gate = Reader(["a"], [])
        gate.push("a", 1)

        assert gate.take() == {}
        assert gate.take() is None

    def test_starts_when_a_stream_ended_empty(self) -> None:
        gate = Reader(["a", "b"], [])
        gate.close("a")

        assert gate.take() == {}

    def test_takes_a_skipped_stream_for_empty_unless_all_are(self) -> None:
        some, all_of_them = Reader(["a", "b"], []), Reader(["a", "b"], [])

        feed(some, [("a", SKIP)])
        assert some.take() is None
        assert feed(some, [("b", CLOSE)]) == [{}]
        feed(all_of_them, [("a", SKIP), ("b", SKIP)])
        assert all_of_them.over

    def test_waits_for_its_single_values(self) -> None:
        gate = Reader(["a"], ["x"])
        gate.push("a", 1)
        assert gate.take() is None

        gate.fix("x", 5)

        assert gate.take() == {"x": 5}

    def test_never_fires_without_a_single_value(self) -> None:
        gate = Reader(["a"], ["x"])
        gate.fix("x", NOTHING)

        assert gate.over
        assert feed(gate, [("a", 1)]) == []

    def test_without_streams_it_fires_at_once(self) -> None:
        assert Reader([], []).take() == {}


class TestInOrder:
    @given(st.data())
    def test_lets_values_through_in_document_order_whatever_the_schedule(self, data: st.DataObject) -> None:
        values = data.draw(st.lists(st.one_of(st.integers(), st.just(NOTHING))))
        order = data.draw(st.permutations(range(len(values))))
        in_order = InOrder(len(values))

        let_through = [value for position in order for value in in_order.end(position, values[position])]

        assert let_through == [value for value in values if value is not NOTHING]

    def test_lets_a_value_through_as_soon_as_those_before_it_have_ended(self) -> None:
        in_order = InOrder(3)

        assert in_order.end(1, "b") == []
        assert in_order.end(0, NOTHING) == ["b"]
        assert in_order.end(2, "c") == ["c"]


def _without_repeats(values: list[Any]) -> list[Any]:
    return [value for place, value in enumerate(values) if not place or value != values[place - 1]]
