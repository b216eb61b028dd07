"""The processes of a server, and what they do."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.runner.helpers import is_alive
from tests.serving import Served

Found = TypeVar("Found")


def wait(condition: Callable[[], Found], seconds: float = 5) -> Found:
    """Return what *condition* gives, once it is true; the bound is generous."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.01)
    return found


def runners(served: Served) -> list[int]:
    """Return the runner processes of a server."""
    return [pid for pid in children_of(served.process.pid) if b"nodetool.runner" in command_of(pid)]


def children_of(pid: int) -> list[int]:
    return [child for child in processes() if parent_of(child) == pid]


def group_of(pid: int) -> list[int]:
    """Return the processes of the group that *pid* leads."""
    return [member for member in processes() if is_alive(member) and fields_of(member)[2:3] == [str(pid)]]


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - names, not paths


def parent_of(pid: int) -> int:
    return int((fields_of(pid)[1:2] or ["0"])[0])


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def fields_of(pid: int) -> list[str]:
    """Return state, parent, group and so on; nothing if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """Let a process do nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def is_still(path: Path) -> bool:
    """Say whether nobody writes to *path* any more."""
    before = path.read_text()
    time.sleep(0.15)
    return path.read_text() == before
