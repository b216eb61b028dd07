"""Threads that do not keep the process alive."""

import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError, wait

import pytest

from nodetool.runner.threads import DaemonThreads, LeftBehind


def test_calls_run_in_threads_and_give_what_they_return_or_raise() -> None:
    pool = DaemonThreads(2)
    futures = [pool.submit(divmod, 7, number) for number in (2, 0)]

    assert futures[0].result(1) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        futures[1].result(1)


def test_no_more_threads_than_allowed_and_every_call_is_made() -> None:
    pool = DaemonThreads(3)
    running: list[int] = []
    most: list[int] = []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        time.sleep(0.002)
        running.pop()

    wait([pool.submit(work) for _ in range(60)], 5)

    assert len(most) == 60
    assert max(most) <= 3


def test_an_idle_thread_is_used_again() -> None:
    pool = DaemonThreads(8)
    names = set()
    for _ in range(20):
        names.add(pool.submit(lambda: threading.current_thread().ident).result(1))
        time.sleep(0.002)

    assert len(names) < 8


def test_a_call_that_waits_can_be_cancelled() -> None:
    pool = DaemonThreads(1)
    gate = threading.Event()
    first, second, third = pool.submit(gate.wait, 5), pool.submit(int), pool.submit(int)
    assert second.cancel()
    gate.set()

    assert third.result(1) == 0
    assert first.result(1)
    with pytest.raises(CancelledError):
        second.result(1)


def test_who_waits_for_a_thread_that_is_left_behind_goes_on() -> None:
    pool = DaemonThreads(1)
    gate = threading.Event()
    stuck = pool.submit(gate.wait, 5)
    while not stuck.running():
        time.sleep(0.001)
    pool.shutdown(wait=False)

    with pytest.raises(LeftBehind):
        stuck.result(1)
    gate.set()


def test_a_process_does_not_wait_for_a_thread_at_its_end() -> None:
    program = (
        "import time\n"
        "from nodetool.runner.threads import DaemonThreads\n"
        "DaemonThreads(1).submit(time.sleep, 30)\n"
        "time.sleep(0.05)\n"
    )

    assert subprocess.run([sys.executable, "-c", program], timeout=10, check=False).returncode == 0
