"""Branches and loops."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.control import Collect, ForEach, If, Pace, Reroute
from nodetool.sdk import Stream
from nodetool.sdk.testing import Recorder, outputs, run


@pytest.mark.parametrize("condition", [True, False])
async def test_if_sends_the_value_one_way_only(condition: bool) -> None:
    sent = await outputs(If(condition=condition, value=["x"]))

    assert sent == {"if_true" if condition else "if_false": [["x"]]}


@pytest.mark.parametrize("value", [0, "", False, [], {}])
async def test_if_sends_what_is_empty_too(value: Any) -> None:
    assert await outputs(If(condition=True, value=value)) == {"if_true": [value]}


async def test_if_sends_nothing_where_there_is_no_value() -> None:
    assert await outputs(If(condition=True)) == {}


async def test_for_each_numbers_what_it_sends() -> None:
    assert await outputs(ForEach(input_list=["a", "b"])) == {"output": ["a", "b"], "index": [0, 1]}


async def test_for_each_of_nothing_sends_nothing() -> None:
    assert await outputs(ForEach()) == {}


async def test_for_each_passes_null_over_and_keeps_the_places() -> None:
    assert await outputs(ForEach(input_list=["a", None, 0])) == {"output": ["a", 0], "index": [0, 2]}


async def test_pace_sends_what_for_each_sends_and_tells_how_far_it_is() -> None:
    ctx = Recorder()
    values = ["a", None, "b"]

    assert await outputs(Pace(input_list=values, seconds=0), ctx) == await outputs(ForEach(input_list=values))
    assert ctx.steps == [(0, 3), (1, 3), (2, 3), (3, 3)]


async def test_pace_pauses_before_each_element() -> None:
    started = time.monotonic()
    await outputs(Pace(input_list=[1, 2, 3], seconds=0.01))

    assert time.monotonic() - started >= 0.03


async def test_pace_of_nothing_ends_at_once() -> None:
    ctx = Recorder()

    assert await outputs(Pace(seconds=3600), ctx) == {}
    assert ctx.steps == []


@pytest.mark.parametrize("seconds", [-1, 3601])
def test_pace_has_limits(seconds: float) -> None:
    with pytest.raises(ValueError, match="seconds"):
        run(Pace(seconds=seconds))


@given(st.lists(st.integers() | st.text() | st.booleans()))
def test_collect_undoes_for_each(values: list[Any]) -> None:
    sent = run(ForEach(input_list=values)).get("output", [])

    assert run(Collect(input_item=Stream.of(sent))) == values


def test_collect_of_nothing_is_an_empty_list() -> None:
    assert run(Collect(input_item=Stream.of([]))) == []


def test_collect_keeps_what_is_alike() -> None:
    assert run(Collect(input_item=Stream.of([1, 2, 2, 3]))) == [1, 2, 2, 3]


def test_reroute_hands_over_the_same_value() -> None:
    value = {"a": [1]}

    assert run(Reroute(input_value=value)) is value
