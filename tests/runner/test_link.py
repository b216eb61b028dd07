"""A runner in a process of its own, and how it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nodetool.graph.version import Version
from nodetool.protocol import frames
from nodetool.protocol.events import LogUpdate
from nodetool.runner.link import ProcessLink
from tests.graphs import through
from tests.runner.helpers import Ear, end_of, eventually, is_alive, plan_frame, start_frame, told, version


@asynccontextmanager
async def running(made: Version | None = None) -> AsyncIterator[tuple[ProcessLink, Ear]]:
    """A runner process, and a run in it; the process is killed in the end."""
    ear = Ear()
    link = ProcessLink(ear, catalogue="c", limits=frames.RunLimits(max_result=1 << 20))
    await eventually(lambda: ear.got or ear.lost)
    if made:
        link.send(plan_frame(made))
        link.send(start_frame(made))
    yield link, ear
    link.kill()
    await eventually(lambda: ear.lost)


async def beating(path: Path) -> None:
    await eventually(lambda: path.exists() and path.read_text())


async def has_stopped(path: Path) -> bool:
    """Say whether nobody writes to *path* any more."""
    await asyncio.sleep(0.05)
    before = path.read_text()
    await asyncio.sleep(0.1)
    return path.read_text() == before


async def test_it_is_a_process_and_the_leader_of_its_group() -> None:
    async with running() as (link, ear):
        assert link.pid not in (0, os.getpid())
        assert os.getpgid(link.pid) == link.pid
        assert ear.of(frames.Hello)[0].pid == link.pid


async def test_that_it_has_ended_is_seen_before_it_is_told() -> None:
    async with running() as (link, ear):
        assert not link.has_ended()

        os.kill(link.pid, signal.SIGKILL)
        while not link.has_ended():
            time.sleep(0.001)  # the loop, which would tell, stands still meanwhile
        assert not ear.lost

        await eventually(lambda: ear.lost)
        assert link.has_ended()


async def test_it_says_hello_and_beats_before_a_node_can_hold_its_loop() -> None:
    holds = version(through("tests.Hold"))
    ear = Ear()
    link = ProcessLink(ear, catalogue="c", limits=frames.RunLimits(max_result=1 << 20))
    link.send(plan_frame(holds))
    link.send(start_frame(holds, job_no=1))
    await eventually(lambda: ear.of(frames.Hello) and link.last_beat())
    link.kill()
    await eventually(lambda: ear.lost)


async def test_it_beats_by_the_clock_that_nobody_sets() -> None:
    async with running() as (link, _):
        assert abs(time.monotonic_ns() // 1_000_000 - link.last_beat()) < 20_000


@pytest.mark.parametrize("kind", ["Beat", "BeatBusy", "BeatChild", "Stubborn"])
async def test_a_kill_stops_the_work_and_the_processes_that_nodes_started(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "beat"
    async with running(version(through(f"tests.{kind}", path=str(path)))) as (link, ear):
        await beating(path)
        link.kill()
        await eventually(lambda: ear.lost)

        assert await has_stopped(path)
        assert not is_alive(link.pid)


async def test_a_runner_that_dies_by_itself_is_lost_after_its_last_words() -> None:
    async with running(version(through("tests.Exit", path="/dev/null"))) as (link, ear):
        await eventually(lambda: ear.lost)

        assert told(ear.got)
        assert end_of(ear.got) is None
        assert not is_alive(link.pid)


async def test_what_a_dead_runner_left_running_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    async with running(version(through("tests.BeatChild", path=str(path)))) as (link, ear):
        await beating(path)
        os.kill(link.pid, signal.SIGKILL)
        await eventually(lambda: ear.lost)

        assert await has_stopped(path)


@pytest.mark.parametrize("own_session", [False, True], ids=["in its group", "in a session of its own"])
async def test_a_forked_process_that_holds_the_link_does_not_keep_a_dead_runner(own_session: bool) -> None:
    async with running(version(through("tests.Fork", own_session=own_session))) as (_, ear):
        async with asyncio.timeout(3):
            await eventually(lambda: ear.lost)

        assert told(ear.got)


async def test_a_program_that_a_node_started_does_not_hold_the_link(tmp_path: Path) -> None:
    path = tmp_path / "beat"
    async with running(version(through("tests.BeatChild", path=str(path)))) as (link, _):
        await beating(path)
        (child,) = children_of(link.pid)
        held = {str(fd.readlink()) for fd in Path(f"/proc/{child}/fd").iterdir()}

        assert not any(name.startswith("socket:") for name in held)


def children_of(pid: int) -> list[int]:
    return [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if stat.read_text().rpartition(")")[2].split()[1] == str(pid)
    ]


@pytest.mark.parametrize("kind", ["Print", "PrintInThread"])
async def test_what_its_only_run_prints_becomes_events_of_the_run(kind: str) -> None:
    graph = through(f"tests.{kind}")
    graph["nodes"][0]["data"]["value"] = "one\ntwo"
    async with running(version(graph)) as (_, ear):
        await eventually(lambda: end_of(ear.got))

        lines = [event.content for event in told(ear.got) if isinstance(event, LogUpdate)]
        assert lines == ["one", "two"]
        assert ear.printed == []


async def test_the_trace_of_a_node_that_raised_comes_as_one_frame() -> None:
    async with running(version(through("tests.Secret"))) as (_, ear):
        await eventually(lambda: end_of(ear.got))

        (raised,) = ear.of(frames.Raised)
        assert raised.trace.endswith("RuntimeError: the vault is closed")
        assert ear.printed == []


async def test_a_runner_that_cannot_be_started_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    ear = Ear()
    link = ProcessLink(ear, catalogue="", limits=frames.RunLimits(max_result=1 << 20))
    await eventually(lambda: ear.lost)
    link.send(frames.Stop())
    link.kill()

    assert (ear.lost, link.pid) == ([link], 0)
    assert ear.printed == ["the runner could not be started: No such file or directory"]


SERVER = """
import asyncio, sys
from nodetool.protocol import frames
from nodetool.runner.link import ProcessLink
from tests.graphs import through
from tests.runner.helpers import Ear, plan_frame, start_frame, version

async def main():
    ear = Ear()
    link = ProcessLink(ear, catalogue="", limits=frames.RunLimits(max_result=1 << 20))
    made = version(through(sys.argv[1], path=sys.argv[2]))
    link.send(plan_frame(made))
    link.send(start_frame(made))
    while not link.pid:
        await asyncio.sleep(0.01)
    print(link.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("kind", ["Beat", "BeatBusy", "BeatChild", "Stubborn"])
def test_a_runner_ends_when_its_server_is_gone_with_all_that_its_nodes_started(
    kind: str, tmp_path: Path, root: Path
) -> None:
    path = tmp_path / "beat"
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, f"tests.{kind}", str(path)], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert server.stdout
    runner = int(server.stdout.readline())
    wait(lambda: path.exists() and path.read_text())
    server.kill()
    server.wait()
    server.stdout.close()

    wait(lambda: not is_alive(runner))
    before = path.read_text()
    time.sleep(0.1)
    assert path.read_text() == before


def wait(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
