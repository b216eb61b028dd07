"""What every link promises, whether its runner is a process or in this one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from nodetool.protocol import codec, frames
from nodetool.runner.link import Link, ProcessLink
from nodetool.runner.local import LocalLink
from tests.graphs import through
from tests.runner.helpers import Ear, end_of, eventually, plan_frame, start_frame, told, version

Linked = tuple[Link, Ear]
Start = Callable[[Ear], Link]

KINDS: dict[str, Callable[..., Link]] = {"process": ProcessLink, "local": LocalLink}


@pytest.fixture(params=list(KINDS))
def start(request: pytest.FixtureRequest) -> Start:
    return partial(KINDS[request.param], catalogue="c", limits=frames.RunLimits(max_result=1 << 20))


@asynccontextmanager
async def linked(start: Start) -> AsyncIterator[Linked]:
    """A runner that has said hello; it is killed in the end."""
    ear = Ear()
    link = start(ear)
    await eventually(lambda: ear.got)
    yield link, ear
    link.kill()
    await eventually(lambda: ear.lost)


async def test_it_says_hello_first(start: Start) -> None:
    async with linked(start) as (link, ear):
        assert ear.got == [frames.Hello(frames.VERSION, "c", link.pid)]


async def test_a_run_goes_from_start_to_end(start: Start) -> None:
    made = version(through("bench.nodes.Sleep", seconds=0.01))
    async with linked(start) as (link, ear):
        link.send(plan_frame(made))
        link.send(start_frame(made, text="hi"))
        await eventually(lambda: end_of(ear.got))

        end = end_of(ear.got)
        assert end
        assert codec.value_of(end.result) == {"out": "hi"}
        assert [event.seq for event in told(ear.got)] == list(range(2, 2 + len(told(ear.got))))


async def test_what_is_sent_before_the_runner_is_up_is_not_lost(start: Start) -> None:
    made = version(through("bench.nodes.Sleep", seconds=0))
    ear = Ear()
    link = start(ear)
    link.send(plan_frame(made))
    link.send(start_frame(made))
    await eventually(lambda: end_of(ear.got))

    assert isinstance(ear.got[0], frames.Hello)
    link.kill()
    await eventually(lambda: ear.lost)


async def test_a_runner_that_is_killed_is_lost_once_and_silent_then(start: Start) -> None:
    made = version(through("tests.Pieces", count=100_000))
    async with linked(start) as (link, ear):
        link.send(plan_frame(made))
        link.send(start_frame(made))
        await eventually(lambda: told(ear.got))
        link.kill()
        link.kill()
        await eventually(lambda: ear.lost)
        heard = len(ear.got)
        link.send(frames.Cancel(1, 1))
        await asyncio.sleep(0.05)

    assert len(ear.got) == heard
    assert ear.lost == [link]
    assert end_of(ear.got) is None


async def test_a_runner_that_is_killed_before_it_is_up_is_lost(start: Start) -> None:
    ear = Ear()
    link = start(ear)
    link.kill()
    await eventually(lambda: ear.lost)

    assert ear.lost == [link]
    assert end_of(ear.got) is None


async def test_a_runner_that_is_told_to_stop_is_lost(start: Start) -> None:
    async with linked(start) as (link, ear):
        link.send(frames.Stop())
        await eventually(lambda: ear.lost)


async def test_what_a_run_told_before_the_kill_is_handed_over_before_the_loss(start: Start) -> None:
    made = version(through("tests.Talk", count=100, size=10))
    ear = Ear()
    link = start(ear)
    link.send(plan_frame(made))
    link.send(start_frame(made))
    await eventually(lambda: end_of(ear.got))
    link.kill()
    await eventually(lambda: ear.lost)

    assert len(told(ear.got)) > 100


async def test_a_blocking_node_does_not_keep_its_runner(start: Start) -> None:
    made = version(through("bench.nodes.BlockingSleep", seconds=4))
    async with linked(start) as (link, ear):
        link.send(plan_frame(made))
        link.send(start_frame(made))
        await eventually(lambda: len(told(ear.got)) > 2)
        async with asyncio.timeout(1):
            link.kill()
            await eventually(lambda: ear.lost)


async def test_what_a_node_sent_comes_before_its_run_says_so_and_is_taken_by_another_runner(
    start: Start, tmp_path: Path
) -> None:
    made = version(through("tests.DearPieces", path=str(tmp_path / "lines")))
    async with linked(start) as (link, ear):
        link.send(plan_frame(made))
        link.send(start_frame(made, text="hi"))
        await eventually(lambda: end_of(ear.got))
        (kept,) = ear.of(frames.Checkpoint)
    async with linked(start) as (link, ear):
        link.send(plan_frame(made))
        link.send(kept)
        link.send(start_frame(made, attempt=2, next_seq=9, text="hi"))
        await eventually(lambda: end_of(ear.got))

        end = end_of(ear.got)
        assert end
        assert codec.value_of(end.result) == {"out": ["H", "I"]}
        assert len((tmp_path / "lines").read_text().splitlines()) == 1
        assert ear.of(frames.Checkpoint) == []


@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_node_may_not_take_longer_than_the_runner_was_told(kind: str) -> None:
    made = version(through("bench.nodes.BlockingSleep", seconds=4))
    start = partial(KINDS[kind], catalogue="c", limits=frames.RunLimits(max_result=1 << 20, node_timeout=0.1))
    async with linked(start) as (link, ear):
        link.send(plan_frame(made))
        link.send(start_frame(made))
        async with asyncio.timeout(3):
            await eventually(lambda: ear.lost)

        end = end_of(ear.got)
        assert end
        assert (end.code, end.node_id, end.leaves) == ("timed_out", "node", True)


async def test_a_thread_left_behind_a_failure_ends_the_runner(start: Start, tmp_path: Path) -> None:
    graph = through("tests.Gate", path=str(tmp_path / "open"))
    graph["nodes"] += [
        {"id": "slow", "type": "bench.nodes.BlockingSleep", "data": {"seconds": 4}},
        {"id": "fail", "type": "bench.nodes.Fail", "data": {}},
    ]
    graph["edges"] += [{"source": "node", "sourceHandle": "output", "target": "fail", "targetHandle": "text"}]
    made = version(graph)
    async with linked(start) as (link, ear):
        link.send(plan_frame(made))
        link.send(start_frame(made))
        await eventually(lambda: len(told(ear.got)) > 2)
        (tmp_path / "open").touch()
        await eventually(lambda: ear.lost)

        end = end_of(ear.got)
        assert end
        assert (end.status, end.leaves) == ("failed", True)
