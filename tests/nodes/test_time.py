"""What may take for ever is stopped in about a second, and disturbs nobody meanwhile."""

import asyncio
import json
import re
from collections import deque
from typing import Any

import pytest

from nodetool.nodes._html import read
from nodetool.nodes._time import Clock, OutOfTime, in_time
from nodetool.nodes.json import ValidateJSON
from nodetool.nodes.list_filter_dicts import FilterDicts, FilterDictsRegex
from nodetool.nodes.text import FormatText
from nodetool.nodes.text_regex import RegexMatch
from nodetool.sdk import BadInput, Node
from nodetool.sdk.testing import outputs, run

ENDLESS = "(a|aa)+$"
TEXT = "a" * 60 + "b"

LAUGHS: dict[str, Any] = {f"l{depth}": {"allOf": [{"$ref": f"#/$defs/l{depth + 1}"}] * 10} for depth in range(12)}

NODES: list[tuple[Node, str]] = [
    (RegexMatch(text=TEXT, pattern=ENDLESS), "pattern"),
    (FilterDictsRegex(values=[{"k": TEXT}], key="k", pattern=ENDLESS, full_match=True), "pattern"),
    (FormatText(template="{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"), "template"),
    (ValidateJSON(data={TEXT: 1}, json_schema={"patternProperties": {ENDLESS: {}}}), "json_schema"),
    (ValidateJSON(data=1, json_schema={"$ref": "#/$defs/l0", "$defs": {**LAUGHS, "l12": {}}}), "json_schema"),
]


async def test_what_would_run_for_ever_is_stopped_and_others_go_on_meanwhile() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    beside = asyncio.create_task(others())
    ended = await asyncio.gather(*(outputs(node) for node, _ in NODES), return_exceptions=True)
    beside.cancel()

    assert turns >= 10  # a loop that is held up would give them next to none
    for error, (_, handle) in zip(ended, NODES, strict=True):
        assert isinstance(error, BadInput)
        assert error.handle == handle
        assert re.search("takes too long.* stopped after a second", str(error))


def test_a_condition_that_takes_long_is_stopped() -> None:
    rows = [{"n": 9**900}] * 200_000

    with pytest.raises(BadInput, match="condition: takes too long"):
        run(FilterDicts(values=rows, condition="(n * n // n) % 7 > 9"))


def test_an_ordinary_search_is_done_at_once() -> None:
    search = RegexMatch(text="a1 b22", pattern=r"\d+").process()

    with pytest.raises(StopIteration) as done:  # its coroutine ends without waiting for anything
        search.send(None)

    assert done.value.value == ["1", "22"]


async def test_work_that_takes_a_while_is_done_in_a_thread() -> None:
    tries: list[bool] = []

    def work(clock: Clock) -> str:
        tries.append(clock.is_short)
        if clock.is_short:
            raise OutOfTime
        return "done"

    assert await in_time(work) == "done"
    assert tries == [True, False]


def test_a_clock_runs_out() -> None:
    clock = Clock(0.001)

    with pytest.raises(OutOfTime):
        deque(iter(clock.tick, "never"), maxlen=0)


@pytest.mark.parametrize(
    "page",
    [
        "<a href='" * 5_000 + "<!--" * 5_000,
        "<div>" * 20_000,
        "<a b=c d='e\" " * 5_000,
        "<script>" * 10_000,
        "<" * 20_000,
        "<table><td>" * 5_000 + "</table>" * 5_000,
        "&amp" * 20_000,
        "<!" * 20_000,
    ],
    ids=["quotes", "depth", "attributes", "scripts", "angles", "tables", "entities", "declarations"],
)
async def test_no_page_takes_long(page: str) -> None:
    tries = 0

    def read_page(clock: Clock) -> None:
        nonlocal tries
        tries += 1
        read(page, clock)

    await in_time(read_page)

    assert tries in (1, 2)


async def test_a_large_valid_document_is_valid() -> None:
    rows = [{"id": place, "name": f"name {place}"} for place in range(2_000)]
    schema = {"items": {"properties": {"name": {"pattern": r"^name \d+$"}, "id": {"type": "integer"}}}}

    assert await outputs(ValidateJSON(data=json.loads(json.dumps(rows)), json_schema=schema)) == {"output": [True]}
