"""Run every check and say at the end what passed, what failed and what was left out. ./test sets up and calls this."""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
TYPED = ("src", "tests", "bench", "examples", "scripts")


@dataclass(frozen=True)
class Outcome:
    name: str
    ok: bool
    seconds: float


def linters() -> dict[str, Sequence[str]]:
    typed = [folder for folder in TYPED if any((ROOT / folder).rglob("*.py"))]
    return {
        "format": ["ruff", "format", "--check", "."],
        "lint": ["ruff", "check", "."],
        "types": ["mypy", *typed],
        "rooms": ["lint-imports", "--no-logo"],
    }


def run(name: str, command: Sequence[str]) -> Outcome:
    print(f"\n== {name}: {' '.join(command)}", flush=True)
    started = time.monotonic()
    # Tests and tools that start `python` or `nodetool` find those of this environment.
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run([BIN / command[0], *command[1:]], cwd=ROOT, env=environment, check=False)
    return Outcome(name, done.returncode == 0, time.monotonic() - started)


def pytest_command(arguments: Sequence[str], report: Path) -> list[str]:
    """Everything runs on two cores; a chosen few run in one process, where a debugger works."""
    workers = [] if arguments else ["-n", "2", "--dist", "loadgroup"]
    return ["pytest", *workers, f"--junit-xml={report}", *arguments]


def left_out(report: Path) -> list[str]:
    """What was skipped, by reason, most first."""
    skipped = [case for case in ElementTree.parse(report).iter("skipped") if case.get("type") == "pytest.skip"]
    reasons = Counter(case.get("message", "") for case in skipped)
    return [f"{count} tests: {reason}" for reason, count in reasons.most_common()]


def summary(outcomes: Sequence[Outcome], skipped: Sequence[str]) -> str:
    lines = [f"{'ok    ' if o.ok else 'FAILED'}  {o.name} ({o.seconds:.1f} s)" for o in outcomes]
    return "\n".join(["", "== summary", *lines, *(f"left out: {line}" for line in skipped)])


def main(arguments: Sequence[str]) -> int:
    outcomes = [] if arguments else [run(name, command) for name, command in linters().items()]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "pytest.xml"
        outcomes.append(run("tests", pytest_command(arguments, report)))
        skipped = left_out(report) if report.exists() else []
    print(summary(outcomes, skipped))
    if arguments:
        print("left out: format, lint, types and rooms, since arguments were given")
    return 0 if all(outcome.ok for outcome in outcomes) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
