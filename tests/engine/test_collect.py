"""The outputs object, from the values that reach the outputs."""

from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.engine.collect import Result
from nodetool.engine.shown import encoded
from nodetool.graph.plan import PlanOutput
from nodetool.protocol.errors import ResultTooLarge
from nodetool.protocol.values import Chunk
from tests.engine.harness import reporter

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def result(*kinds: Literal["value", "list", "text"], most: int = 10_000_000) -> Result:
    return Result([PlanOutput(f"o{place}", place, kind, "any") for place, kind in enumerate(kinds)], most, reporter())


def add(result: Result, place: int, value: Any) -> None:
    sent = encoded(value)
    result.add(place, sent.plain, sent.data)


def decoded(result: Result) -> Any:
    return msgspec.msgpack.decode(result.encoded())


def test_without_values_a_list_is_empty_a_text_too_and_a_value_is_absent() -> None:
    assert decoded(result("value", "list", "text")) == {"o1": [], "o2": ""}


def test_a_value_is_what_came_last() -> None:
    made = result("value")
    add(made, 0, 1)
    add(made, 0, 2)

    assert decoded(made) == {"o0": 2}


@given(st.lists(values))
def test_a_list_is_all_that_came_in_order(came: list[Any]) -> None:
    made = result("list")
    for value in came:
        add(made, 0, value)

    assert decoded(made) == {"o0": came}


def test_a_text_is_the_joined_content_of_text_chunks() -> None:
    made = result("text")
    for chunk in (Chunk(content="a"), Chunk(content="?", content_type="image"), Chunk(content="b", done=True)):
        add(made, 0, chunk)

    assert decoded(made) == {"o0": "ab"}


def test_values_of_all_outputs_together_have_one_limit_and_the_one_that_breaks_it_is_named() -> None:
    made = result("list", "value", most=10)
    add(made, 0, "1234")  # five bytes
    add(made, 1, "123")

    with pytest.raises(ResultTooLarge, match="o1"):
        add(made, 1, "12")


def test_what_is_around_the_values_does_not_count() -> None:
    made = result("list", most=1000)
    for _ in range(1000):
        add(made, 0, 1)

    assert decoded(made) == {"o0": [1] * 1000}
