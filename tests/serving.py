"""A real server in a process of its own, for the tests that need one."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

ROOT = Path(__file__).resolve().parent.parent

SERVE = ("nodetool", "serve")

WORKER = ("nodetool", "worker")

STARTED = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Served:
    """A ``nodetool serve``, or another module that does as it does. Its output is kept in ``home/../serve.log``."""

    def __init__(self, home: Path, *args: str, module: Sequence[str] = SERVE) -> None:
        self.home = home
        self.log = home.parent / "serve.log"
        self._command = [sys.executable, "-m", *module, "--port", "0", "--home", str(home), *args]
        self.start()

    def start(self) -> None:
        """Start it, again perhaps, and wait until it is ready."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it, and do not wait."""
        with self.log.open("ab") as out:
            self._begin = out.tell()
            self.process = subprocess.Popen(self._command, stdout=out, stderr=out, cwd=ROOT, start_new_session=True)

    def wait_until_ready(self) -> None:
        self.port = self._wait(self._port)
        self.url = f"http://127.0.0.1:{self.port}"
        self._wait(self._is_ready)

    def kill(self) -> None:
        """End it as a crash would: kill -9, of the server alone."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server did not stop:\n{self.log.read_text()}") from None

    def _port(self) -> int | None:
        found = STARTED.search(self.log.read_bytes()[self._begin :].decode(errors="replace"))
        return int(found[1]) if found else None

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _wait(self, found: Callable[[], Found | None]) -> Found:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            if value := found():
                return value
            time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()}")


@contextmanager
def serving(home: Path, *args: str, module: Sequence[str] = SERVE) -> Iterator[Served]:
    """Serve *home* for the length of a block; whatever is left of it is killed."""
    served = Served(home, *args, module=module)
    try:
        yield served
    finally:
        try:
            served.stop()
        finally:
            if served.process.poll() is None:
                os.killpg(served.process.pid, signal.SIGKILL)
