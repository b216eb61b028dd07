"""How deep a body may nest."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.codec import MAX_DEPTH, check_depth
from nodetool.protocol.errors import InvalidJson


def nested(depth: int, inner: str = "") -> bytes:
    return ("[" * depth + inner + "]" * depth).encode()


def test_a_body_may_nest_as_deep_as_the_limit() -> None:
    check_depth(nested(MAX_DEPTH))
    with pytest.raises(InvalidJson, match="deeper than 64"):
        check_depth(nested(MAX_DEPTH + 1))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    check_depth(json.dumps([[] for _ in range(1000)]).encode())


@pytest.mark.parametrize(
    "text", ["[" * 100, '\\"' + "[" * 100, "\\", "é[" * 100], ids=["brackets", "quote", "escape", "é"]
)
def test_brackets_in_a_text_are_no_depth(text: str) -> None:
    check_depth(json.dumps([text] * 3).encode())


def test_brackets_that_are_never_closed_count_too() -> None:
    with pytest.raises(InvalidJson):
        check_depth(b"[" * (MAX_DEPTH + 1))


@pytest.mark.parametrize("tail", [b'"', b'"\\', b'"[[', b'\\"'])
def test_a_text_that_is_cut_is_no_trouble(tail: bytes) -> None:
    check_depth(nested(40) + nested(40) + tail)


values = st.recursive(
    st.text(alphabet='[]{}"\\a', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(values, st.integers(0, MAX_DEPTH + 5))
def test_the_depth_is_that_of_the_value(value: Any, more: int) -> None:
    data = nested(more, json.dumps(value)) + b" " + nested(40) + nested(40)

    if max(more + depth_of(value), 40) > MAX_DEPTH:
        with pytest.raises(InvalidJson):
            check_depth(data)
    else:
        check_depth(data)
