"""Values as canonical bytes."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.values import Chunk, Unsendable, exactly

atoms = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary()
values = st.recursive(atoms, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


class Tagged(msgspec.Struct):
    tags: set[str]
    numbers: dict[int, str]


def turned(value: Any) -> Any:
    """Return an equal value, whose dictionaries were filled from the other end."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(item) for item in value] if isinstance(value, list) else value


@given(values)
def test_equal_values_give_equal_bytes_that_read_back_as_they_were(value: Any) -> None:
    data = exactly(value)

    assert exactly(turned(value)) == data
    assert exactly(msgspec.msgpack.decode(data)) == data


@given(st.lists(st.text() | st.integers(0, 9), unique=True), st.randoms())
def test_a_set_has_one_order(items: list[Any], random: Any) -> None:
    shuffled = random.sample(items, len(items))

    assert exactly(set(items)) == exactly(set(shuffled)) == exactly(frozenset(shuffled))


def test_what_differs_gives_other_bytes() -> None:
    different: list[Any] = [1, 1.0, True, "1", b"1", None, float("nan"), float("inf"), [1], {"1": 1}, "", [], {}]

    assert len(set(map(exactly, different))) == len(different)


def test_structs_and_dates_have_bytes_too() -> None:
    assert exactly(Tagged({"b", "a"}, {1: "x"})) == exactly({"tags": ["a", "b"], "numbers": {"1": "x"}})
    assert exactly(Chunk(content="x"))
    assert exactly(date(2024, 2, 29)) == exactly("2024-02-29")
    assert exactly(datetime(2024, 2, 29, tzinfo=UTC)) == exactly("2024-02-29T00:00:00Z")


class Holder(msgspec.Struct):
    held: Any


@pytest.mark.parametrize("value", [object(), 2**70, "\ud800", Holder(object()), {1, "a", object()}])
def test_what_has_no_plain_form_has_no_bytes(value: Any) -> None:
    with pytest.raises(Unsendable):
        exactly(value)


def test_what_is_nested_too_deep_has_no_bytes() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]

    with pytest.raises(Unsendable, match="nested this deep"):
        exactly(value)
