"""What nodes say while they run, from the loop and from threads."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from nodetool.protocol.descriptions import Runs
from nodetool.protocol.events import ChunkUpdate, LogUpdate, NodeProgress, NodeUpdate, Notification, PreviewUpdate
from nodetool.sdk import Context, Node
from tests.engine.harness import Player, Told, node

Work = Callable[[Context], Any]


class Do(Node):
    """Do what a test wants done with the context."""

    type_name: ClassVar = "test.Do"
    runs: ClassVar[Runs] = "inline"
    work: ClassVar[list[Work]] = []

    def process(self, ctx: Context) -> Any:
        return self.work[0](ctx)


class DoInThread(Do):
    """The same in a thread."""

    type_name: ClassVar = "test.DoInThread"
    runs: ClassVar[Runs] = "blocking"


class DoLater(Do):
    """The same in a task, which lets time pass."""

    type_name: ClassVar = "test.DoLater"
    runs: ClassVar[Runs] = "async"

    async def process(self, ctx: Context) -> None:
        self.work[0](ctx)
        await asyncio.sleep(0.3)


KINDS = (Do, DoInThread, DoLater)
everywhere = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


async def do(kind: type[Node], work: Work) -> Told:
    Do.work[:] = [work]
    with Player(*KINDS) as player:
        return await player.play([node("d", kind.type_name)])


def of(told: Told, kind: type[Any]) -> list[Any]:
    return [event for event in told.events if isinstance(event, kind)]


@everywhere
async def test_all_that_is_said_is_told_between_running_and_completed(kind: type[Node]) -> None:
    def work(ctx: Context) -> None:
        ctx.log("one", "warning")
        ctx.notify("two")
        ctx.chunk("three", done=True, content_metadata={"n": 1})
        ctx.progress(1, 2, "four")
        ctx.preview([5])

    told = await do(kind, work)

    assert [type(event) for event in told.events[1:]] == [
        NodeUpdate,
        LogUpdate,
        Notification,
        ChunkUpdate,
        NodeProgress,
        PreviewUpdate,
        NodeUpdate,
    ]
    log, notice, chunk, progress, preview = told.events[2:7]
    assert isinstance(log, LogUpdate)
    assert (log.content, log.severity) == ("one", "warning")
    assert isinstance(notice, Notification)
    assert notice.content == "two"
    assert isinstance(chunk, ChunkUpdate)
    assert (chunk.content, chunk.content_type, chunk.content_metadata, chunk.done) == ("three", "text", {"n": 1}, True)
    assert isinstance(progress, NodeProgress)
    assert (progress.progress, progress.total, progress.chunk) == (1, 2, "four")
    assert isinstance(preview, PreviewUpdate)
    assert preview.value == [5]


@everywhere
async def test_progress_is_thinned_and_the_first_and_the_last_are_told(kind: type[Node]) -> None:
    def work(ctx: Context) -> None:
        for step in range(1, 1001):
            ctx.progress(step, 1000)

    told = await do(kind, work)

    steps = [event.progress for event in of(told, NodeProgress)]
    assert (steps[0], steps[-1]) == (1, 1000)
    assert len(steps) <= 5
    assert told.of("d") == ["running", "completed"]


async def test_what_is_held_back_is_told_when_it_is_due() -> None:
    def work(ctx: Context) -> None:
        ctx.progress(1, 2)
        ctx.progress(2, 2)

    told = await do(DoLater, work)

    first, second = of(told, NodeProgress)
    assert second.time - first.time >= 40
    assert told.events[-1].time > second.time


async def test_a_slow_thread_tells_its_progress_as_it_goes() -> None:
    def work(ctx: Context) -> None:
        for step in range(4):
            ctx.progress(step, 4)
            time.sleep(0.06)

    told = await do(DoInThread, work)

    assert [event.progress for event in of(told, NodeProgress)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("progress", "total", "told_as"), [(5, 3, (3, 3)), (-1, 3, (0, 3)), (0, 0, (0, 1)), (1, 10**30, (1, 2**53 - 1))]
)
async def test_progress_is_kept_in_its_bounds(progress: int, total: int, told_as: tuple[int, int]) -> None:
    told = await do(Do, lambda ctx: ctx.progress(progress, total))

    (event,) = of(told, NodeProgress)
    assert (event.progress, event.total) == told_as


@everywhere
async def test_a_word_that_is_no_severity_fails_the_node(kind: type[Node]) -> None:
    told = await do(kind, lambda ctx: ctx.log("x", "loud"))  # type: ignore[arg-type]  # a mistake that authors make

    assert told.end.error == "severity is 'loud'; it has to be one of info, warning, error"


async def test_texts_are_cut_at_a_length_and_halves_of_characters_replaced() -> None:
    def work(ctx: Context) -> None:
        ctx.log("x" * 1_000_000)
        ctx.chunk("\ud800")

    told = await do(Do, work)

    (log,), (chunk,) = of(told, LogUpdate), of(told, ChunkUpdate)
    assert log.content == "x" * 2**18 + "…"
    assert chunk.content == "?"


async def test_a_preview_that_cannot_be_sent_fails_the_node_that_shows_it() -> None:
    told = await do(Do, lambda ctx: ctx.preview(object()))

    assert told.end.error == "an object of type object cannot be sent"


async def test_a_preview_is_what_the_value_was_then() -> None:
    values = [1]

    def work(ctx: Context) -> None:
        ctx.preview(values)
        ctx.preview(values)
        values.append(2)

    told = await do(Do, work)

    assert [event.value for event in of(told, PreviewUpdate)] == [[1], [1]]
