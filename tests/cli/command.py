"""The command line, run as people run it."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
CSV_REPORT = ROOT / "examples" / "workflows" / "csv-report.json"
SLOW_PROGRESS = ROOT / "examples" / "workflows" / "slow-progress.json"
PACK = ROOT / "bench" / "nodes.py"


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def nodetool(*args: str | Path, home: Path, stdin: str = "", **env: str) -> Done:
    done = subprocess.run(
        _command(args),
        env=environment(home) | env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=15,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def on_terminal(*args: str | Path, home: Path, columns: int = 80) -> str:
    """Run a command on a terminal of that many columns, and return what is seen there, colours and all."""
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {name: value for name, value in environment(home).items() if name not in ("NO_COLOR", "COLUMNS")}
        env |= {"TERM": "xterm-256color"}
        process = subprocess.Popen(_command(args), env=env, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        seen = b""
        while chunk := _read(ours):
            seen += chunk
        assert process.wait(15) == 0, seen.decode()
        return seen.decode()
    finally:
        os.close(ours)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so where others say that nothing is left
        return b""


def interrupted(*args: str | Path, home: Path, after: str, number: int = signal.SIGINT) -> tuple[Done, float]:
    """Run a command, send it a signal once it has printed *after*; return how it ended, and how soon."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(_command(args), env=environment(home), stdout=pipe, stderr=pipe, text=True)
    assert process.stdout
    said = ""
    for line in process.stdout:
        said += line
        if after in line:
            break
    started = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=15)
    return Done(process.returncode, said + out, err), time.monotonic() - started


def graph(*nodes: dict[str, Any], edges: tuple[str, ...] = ()) -> str:
    """Return a graph as JSON; an edge is written ``a.output > b.value``."""
    return json.dumps({"nodes": nodes, "edges": [_edge(text) for text in edges]})


def _edge(text: str) -> dict[str, str]:
    (source, out), (target, handle) = (end.strip().split(".") for end in text.split(">"))
    return {"source": source, "sourceHandle": out, "target": target, "targetHandle": handle}


def _command(args: tuple[str | Path, ...]) -> list[str]:
    return [sys.executable, "-m", "nodetool", *map(str, args)]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "NODETOOL_HOME": str(home)}
