"""The guardian: what must not outlive the server does not."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nodetool.runner import guardian
from nodetool.runner.guard import Guard

SLEEP = [sys.executable, "-c", "import time; time.sleep(30)"]


class Group:
    """A process group: a leader and a child of it."""

    def __init__(self) -> None:
        program = f"import subprocess; print(subprocess.Popen({SLEEP!r}).pid, flush=True); import time; time.sleep(30)"
        self.leader = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True, text=True
        )
        assert self.leader.stdout
        self.child = int(self.leader.stdout.readline())
        self.leader.stdout.close()

    @property
    def pid(self) -> int:
        return self.leader.pid

    def is_alive(self) -> bool:
        return self.leader.poll() is None

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.leader.wait()


@pytest.fixture
def group() -> Iterator[Group]:
    made = Group()
    yield made
    made.end()


def wait(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


async def test_what_is_guarded_ends_with_the_pipe(group: Group) -> None:
    guard = Guard()
    guard.add(group.pid)
    await guard.close()

    wait(lambda: not group.is_alive() and is_gone(group.child))


async def test_what_has_ended_is_not_looked_for(group: Group) -> None:
    guard = Guard()
    guard.add(group.pid)
    guard.remove(group.pid)
    await guard.close()

    assert group.is_alive()


async def test_a_guardian_that_is_gone_is_replaced_and_told_again(group: Group) -> None:
    other = Group()
    guard = Guard()
    guard.add(group.pid)
    guard._process.kill()
    guard._process.wait()
    guard.add(other.pid)
    await guard.close()

    wait(lambda: not group.is_alive() and not other.is_alive())
    other.end()


SERVER = """
import asyncio, sys, time
from nodetool.runner.guard import Guard
guard = Guard()
guard.add(int(sys.argv[1]))
print("guarded", flush=True)
time.sleep(30)
"""


def test_a_server_that_is_killed_takes_what_is_guarded_along(group: Group) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(group.pid)], stdout=subprocess.PIPE, text=True)
    assert server.stdout
    assert server.stdout.readline() == "guarded\n"
    server.kill()
    server.wait()
    server.stdout.close()

    wait(lambda: not group.is_alive() and is_gone(group.child))


def test_a_signal_to_the_servers_group_does_not_end_the_guardian(group: Group) -> None:
    command = [sys.executable, "-I", "-S", guardian.__file__]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdin
    os.write(process.stdin.fileno(), b"+%d\n" % group.pid)
    time.sleep(0.2)  # until it has set its signals
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    time.sleep(0.05)
    assert group.is_alive()
    process.stdin.close()

    assert process.wait(5) == 0
    wait(lambda: not group.is_alive())
