"""Servers to measure, each in a process of its own: the product in a new home, and the echo beside it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from bench import processes
from bench.load import Address, Connection, Failed, ask
from bench.processes import Cost

ROOT = Path(__file__).resolve().parent.parent
NODES = ROOT / "bench" / "nodes.py"

Sync = Literal["full", "normal"]

START = 60.0
"""Seconds that a server may take to start, or to end."""

STARTED = re.compile(rb"http://127\.0\.0\.1:(\d+)")


class Server:
    """A server that listens."""

    def __init__(self, process: "subprocess.Popen[bytes]", address: Address) -> None:
        self.process = process
        self.address = address

    def cpu(self) -> Cost:
        return processes.cpu_seconds(self.process.pid)

    def memory(self) -> Cost:
        return processes.memory_mb(self.process.pid)

    async def figures(self) -> dict[str, float]:
        """Return what ``/metrics`` shows, each number under its name and labels, as they stand there."""
        connection = await self.address.connect(Connection)
        try:
            page = await connection.ask_well(self.address.request("GET", "/metrics"))
        finally:
            connection.close()
        pairs = (line.rpartition(" ") for line in page.decode().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    async def store(self, graph: object) -> str:
        """Store a workflow, and return its id. Raises Failed if it has findings."""
        body = {"name": "measured", "access": "private", "graph": graph}
        stored = await ask(self.address, "POST", "/api/workflows/", body)
        if stored["findings"]:
            raise Failed(str(stored["findings"][:3]))
        return str(stored["id"])


@contextmanager
def nodetool(*args: str, sync: Sync = "full") -> Iterator[Server]:
    """Serve a new home, with the nodes for measuring. It lies where TMPDIR says: on the disk that is to be measured."""
    with TemporaryDirectory(prefix="nodetool-bench-") as folder:
        home = Path(folder)
        with _serving(product(home / "home", "--sync", sync, *args), home / "log", path="/ready") as server:
            yield server


@contextmanager
def echo() -> Iterator[Server]:
    """Serve the echo."""
    folder = TemporaryDirectory(prefix="nodetool-bench-")
    with folder as home, _serving(echoing(), Path(home) / "log", path="/health") as server:
        yield server


def product(home: Path, *args: str) -> list[str]:
    """Return the command that serves a home; *args* may name another port than any that is free."""
    return [
        *(sys.executable, "-m", "nodetool", "serve", "--port", "0"),
        *("--home", str(home), "--nodes", str(NODES), *args),
    ]


def echoing(*args: str) -> list[str]:
    return [sys.executable, "-m", "bench.echo", *args]


@contextmanager
def process(command: Sequence[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command for the length of a block, with none of this shell's settings; then end it, and all it started."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("NODETOOL_", "WORKER_"))}
    with log.open("wb") as out:
        started = subprocess.Popen(
            command, cwd=ROOT, env=settings, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield started
    finally:
        _end(started)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def until(answered: Callable[[], bool], started: "subprocess.Popen[bytes]", log: Path, *, pause: float) -> None:
    """Look again and again. Raises Failed, with what the process said, if it ends first or takes too long."""
    end = time.monotonic() + START
    while not answered():
        if started.poll() is not None or time.monotonic() > end:
            raise Failed(f"the server did not start:\n{log.read_text()}")
        time.sleep(pause)


def answers(address: Address, path: str) -> bool:
    """Tell whether a GET is answered with 200."""
    try:
        with socket.create_connection(address, timeout=2) as connection:
            connection.sendall(address.request("GET", path))
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@contextmanager
def _serving(command: Sequence[str], log: Path, *, path: str) -> Iterator[Server]:
    with process(command, log) as started:
        until(lambda: STARTED.search(log.read_bytes()) is not None, started, log, pause=0.02)
        found = STARTED.search(log.read_bytes())
        assert found
        address = Address("127.0.0.1", int(found[1]))
        until(lambda: answers(address, path), started, log, pause=0.02)
        yield Server(started, address)


def _end(started: "subprocess.Popen[bytes]") -> None:
    if started.poll() is None:
        started.terminate()
    try:
        started.wait(START)
    except subprocess.TimeoutExpired:
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
