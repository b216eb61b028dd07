"""From the command to the first answer, with a current index of nodes; and what an idle server holds."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from bench import processes, serving
from bench.load import Address
from bench.script import Options, Put, Row, Script, main, medians


class Starts(Options, frozen=True, kw_only=True):
    rounds: int = 5
    settle: float = 1.0
    """Seconds until an idle server is weighed."""


class Start(Row, kw_only=True):
    what: str
    value: float
    unit: str
    echo: float | None
    ratio: float | None = msgspec.field(name="in echoes")


class Weighed(NamedTuple):
    """Milliseconds to the first answer of each path, then megabytes of the server and its runners."""

    health: float
    ready: float
    server: float
    runner: float


async def measure(options: Starts, put: Put) -> None:
    await asyncio.to_thread(_measure, options, put)


def _measure(options: Starts, put: Put) -> None:
    ours, echoes = [], []
    with TemporaryDirectory(prefix="nodetool-bench-") as folder:
        home = Path(folder)
        started(serving.product(home / "home"), home / "log", 0)  # makes the index
        for _ in range(options.rounds):
            ours.append(started(serving.product(home / "home"), home / "log", options.settle))
            echoes.append(started(serving.echoing(), home / "log", options.settle))
    own, echo = Weighed(*medians(ours)), Weighed(*medians(echoes))
    put(row("to /health", own.health, "ms", echo.health))
    put(row("to /ready", own.ready, "ms", echo.health))
    put(row("server, idle", own.server, "MB", echo.server))
    put(row("runner and guardian, idle", own.runner, "MB", None))
    put(row("import nodetool", median(imported() for _ in range(options.rounds)), "ms", None))


def started(command: Sequence[str], log: Path, settle: float) -> Weighed:
    """Start a server, look for its answers, weigh it, and end it."""
    address = Address("127.0.0.1", serving.free_port())
    ready = "/ready" if "serve" in command else "/health"
    began = time.perf_counter()
    with serving.process([*command, "--port", str(address.port)], log) as process:
        serving.until(lambda: serving.answers(address, "/health"), process, log, pause=0.002)
        health = time.perf_counter() - began
        serving.until(lambda: serving.answers(address, ready), process, log, pause=0.002)
        took = time.perf_counter() - began
        time.sleep(settle)
        return Weighed(health * 1e3, took * 1e3, *processes.memory_mb(process.pid))


def imported() -> float:
    """Return the milliseconds that Python itself counts for ``import nodetool``."""
    command = [sys.executable, "-X", "importtime", "-c", "import nodetool"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    line = next(line for line in told.splitlines() if line.endswith(" nodetool"))
    return int(line.split("|")[1]) / 1e3


def row(what: str, value: float, unit: str, echo: float | None) -> Start:
    return Start(what=what, value=value, unit=unit, echo=echo, ratio=value / echo if echo else None)


SCRIPT = Script("start", "Start, and memory of an idle server", Starts, lambda _: 5, measure)

if __name__ == "__main__":
    main(SCRIPT)
