"""Code of the documentation, run as its readers would run it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BROWSER = Path(__file__).resolve().parent.parent / "js" / "browser.mjs"


@dataclass(frozen=True)
class Printed:
    """What a script left on its console."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*command: str, cwd: Path, **env: str) -> Printed:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, timeout=15, check=False
    )
    return Printed(done.returncode, done.stdout, done.stderr)


def run_javascript(node: str, code: str, folder: Path, **env: str) -> Printed:
    """Run *code* as a module, with what a browser has besides."""
    script = folder / "block.mjs"
    script.write_text(code)
    return run(node, "--import", BROWSER.as_uri(), str(script), cwd=folder, **env)


def run_bash(code: str, folder: Path) -> Printed:
    return run("bash", "-euo", "pipefail", "-c", code, cwd=folder)


def run_python(code: str, folder: Path) -> Printed:
    return run(sys.executable, "-c", code, cwd=folder)
