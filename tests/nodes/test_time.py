"""What may take for ever is stopped in about a second, and disturbs nobody meanwhile."""

import asyncio
import json
from collections.abc import Awaitable
from time import monotonic
from typing import Any

import pytest

from nodetool.nodes._time import Clock, OutOfTime, in_time
from nodetool.nodes.html import HTMLToText
from nodetool.nodes.json import ValidateJSON
from nodetool.nodes.list_filter import FilterRegex
from nodetool.nodes.list_filter_dicts import FilterDicts, FilterDictsRegex
from nodetool.nodes.text import FormatText
from nodetool.nodes.text_regex import ExtractRegex, FindAllRegex, RegexMatch, RegexReplace, RegexSplit, RegexValidate
from nodetool.sdk import BadInput, Node
from nodetool.sdk.testing import outputs

ENDLESS = "(a|aa)+$"
TEXT = "a" * 60 + "b"

LAUGHS: dict[str, Any] = {f"l{depth}": {"allOf": [{"$ref": f"#/$defs/l{depth + 1}"}] * 10} for depth in range(12)}

NODES: list[tuple[Node, str]] = [
    (RegexMatch(text=TEXT, pattern=ENDLESS), "pattern"),
    (RegexReplace(text=TEXT, pattern=ENDLESS), "pattern"),
    (RegexSplit(text=TEXT, pattern=ENDLESS), "pattern"),
    (RegexValidate(text=TEXT, pattern=ENDLESS), "pattern"),
    (FindAllRegex(text=TEXT, regex=ENDLESS), "regex"),
    (ExtractRegex(text=TEXT, regex=ENDLESS, ignorecase=True), "regex"),
    (FilterRegex(values=["a", TEXT], pattern=ENDLESS), "pattern"),
    (FilterDictsRegex(values=[{"k": TEXT}], key="k", pattern=ENDLESS, full_match=True), "pattern"),
    (FormatText(template="{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"), "template"),
    (FormatText(template="{% macro m() %}{% for a in range(99999) %}{{ caller() }}{% endfor %}{% endmacro %}"
                "{% call m() %}{% call m() %}x{% endcall %}{% endcall %}"), "template"),
    (FilterDicts(values=[{"n": 9**900}] * 90_000, condition="(n * n // n) % 7 > 9"), "condition"),
    (ValidateJSON(data=TEXT, json_schema={"pattern": ENDLESS}), "json_schema"),
    (ValidateJSON(data={TEXT: 1}, json_schema={"patternProperties": {ENDLESS: {}}}), "json_schema"),
    (ValidateJSON(data=1, json_schema={"$ref": "#/$defs/l0", "$defs": {**LAUGHS, "l12": {}}}), "json_schema"),
]  # fmt: skip


@pytest.mark.parametrize(("node", "handle"), NODES, ids=lambda value: type(value).__name__)
async def test_what_would_run_for_ever_is_stopped(node: Node, handle: str) -> None:
    with pytest.raises(BadInput, match=r"takes too long.* was stopped after a second") as caught:
        await outputs(node)

    assert caught.value.handle == handle


@pytest.mark.parametrize("place", [0, 8], ids=["a pattern", "a template"])
async def test_others_go_on_meanwhile(place: int) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    beside = asyncio.create_task(others())
    with pytest.raises(BadInput):
        await outputs(NODES[place][0])
    beside.cancel()

    assert turns >= 5  # a loop that is held up would give them none


async def test_ten_at_a_time_do_not_wait_for_each_other_to_the_end() -> None:
    begun = monotonic()
    tasks: list[Awaitable[Any]] = [outputs(RegexMatch(text=TEXT, pattern=ENDLESS)) for _ in range(10)]

    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(one, BadInput) for one in ended)
    assert monotonic() - begun < 15


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
        while True:
            clock.tick()


async def test_a_page_that_is_nothing_but_open_tags_is_read_or_refused() -> None:
    page = "<a href='" * 20_000 + "<!--" * 20_000

    try:
        await outputs(HTMLToText(text=page))
    except BadInput as error:
        assert error.handle == "text"  # noqa: PT017 - both are good ends


async def test_a_large_valid_document_is_valid() -> None:
    rows = [{"id": place, "name": f"name {place}"} for place in range(2_000)]
    schema = {"items": {"properties": {"name": {"pattern": r"^name \d+$"}, "id": {"type": "integer"}}}}

    assert await outputs(ValidateJSON(data=json.loads(json.dumps(rows)), json_schema=schema)) == {"output": [True]}
