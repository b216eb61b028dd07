"""The command line, run as people run it."""

import json
import os
import signal
import subprocess
import sys
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


def nodetool(*args: str | Path, home: Path, stdin: str = "") -> Done:
    done = subprocess.run(
        _command(args), env=_env(home), input=stdin, capture_output=True, text=True, timeout=15, check=False
    )
    return Done(done.returncode, done.stdout, done.stderr)


def interrupted(*args: str | Path, home: Path, after: str, number: int = signal.SIGINT) -> tuple[Done, float]:
    """Run a command, send it a signal once it has printed *after*; return how it ended, and how soon."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(_command(args), env=_env(home), stdout=pipe, stderr=pipe, text=True)
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


def _env(home: Path) -> dict[str, str]:
    return {**os.environ, "NODETOOL_HOME": str(home)}
