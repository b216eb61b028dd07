"""Make .venv what the lock files say. ./run and ./test call this first, so it uses the standard library only.

What is done is remembered in the environment itself, as a hash of the files it was made from: a second start reads
these files and nothing else.
"""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "nodetool-setup.json"
JS = ROOT / "tests" / "js"

Stamp = dict[str, str]
Command = Sequence[str | Path]


class SetupError(Exception):
    """A step failed; the text says what to do or what the tool said."""


@dataclass(frozen=True)
class Part:
    """Something to install, current as long as its files do not change."""

    name: str
    label: str
    files: tuple[str, ...]
    command: Command

    def digest(self) -> str:
        parts = (hashlib.sha256((ROOT / file).read_bytes()).hexdigest() for file in self.files)
        return " ".join(parts)

    def is_current(self, stamp: Stamp) -> bool:
        return stamp.get(self.name) == self.digest()


def locked(name: str, label: str, *files: str) -> Part:
    """Packages from lock files; pip refuses a file whose hash is not in them."""
    arguments = [argument for file in files for argument in ("-r", ROOT / file)]
    return Part(name, label, files, pip("--require-hashes", *arguments))


def pip(*arguments: str | Path) -> Command:
    return (PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", *arguments)


RUNTIME = locked("runtime", "packages", "requirements-build.lock", "requirements.lock")
TOOLS = locked("tools", "packages and development tools", "requirements-dev.lock")
# Without isolation the build uses the locked hatchling; with it, pip would fetch whatever is newest.
PROJECT = Part("project", "nodetool itself", ("pyproject.toml",), pip("--no-deps", "--no-build-isolation", "-e", ROOT))
JAVASCRIPT = Part(
    "javascript",
    "JavaScript packages for the tests",
    ("tests/js/package.json", "tests/js/package-lock.json"),
    ("npm", "ci", "--prefix", JS, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"),
)


def missing(stamp: Stamp, *, dev: bool, npm: bool, modules: bool) -> list[Part]:
    """What has to be installed. The tools include the runtime; without npm the JavaScript tests are skipped."""
    wanted = [TOOLS if dev or TOOLS.is_current(stamp) else RUNTIME, PROJECT]
    parts = [part for part in wanted if not part.is_current(stamp)]
    if dev and npm and not (modules and JAVASCRIPT.is_current(stamp)):
        parts.append(JAVASCRIPT)
    return parts


def read_stamp() -> Stamp:
    try:
        stamp: Stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp


def write_stamp(stamp: Stamp) -> None:
    temporary = STAMP.with_suffix(".new")
    temporary.write_text(json.dumps(stamp, indent=1))
    temporary.replace(STAMP)


def check_python(find_module: Callable[[str], object] = importlib.util.find_spec) -> None:
    """Debian keeps the modules that make a virtual environment in a package of their own."""
    if find_module("ensurepip") is None or find_module("venv") is None:
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment.\n"
            "Install the package that lets it (Debian, Ubuntu: apt-get install python3-venv) and try again."
        )


def make_environment() -> None:
    check_python()
    step(f"virtual environment .venv, Python {sys.version.split()[0]}", [sys.executable, "-m", "venv", "--clear", VENV])


def environment_works(stamp: Stamp) -> bool:
    """False also for one that was moved, half made, or left behind by an upgrade of Python.

    One that was moved starts, but its scripts name the folder that they were made in.
    """
    if stamp.get("root", str(ROOT)) != str(ROOT):
        return False
    check = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([PYTHON, "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def step(label: str, command: Command) -> None:
    """Run one command behind one line; what it prints is shown only if it fails."""
    print(f"  {label} …", end=" ", flush=True)
    started = time.monotonic()
    environment = {**os.environ, "PIP_USER": "0"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        print("failed")
        raise SetupError(done.stdout)
    print(f"{time.monotonic() - started:.1f} s")


@contextmanager
def alone() -> Iterator[None]:
    """Two starts at the same time: the second waits, and then finds everything done."""
    with (ROOT / ".venv.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def set_up(find_missing: Callable[[Stamp], list[Part]]) -> None:
    print("Setting up (only what is missing):", flush=True)
    stamp = read_stamp()
    if not environment_works(stamp):
        make_environment()
        stamp = {}
    stamp["root"] = str(ROOT)
    for part in find_missing(stamp):
        step(part.label, part.command)
        stamp[part.name] = part.digest()
        write_stamp(stamp)


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up what is missing in .venv.")
    parser.add_argument("--dev", action="store_true", help="also what the tests and linters need")
    dev: bool = parser.parse_args().dev

    def find_missing(stamp: Stamp) -> list[Part]:
        has_npm = shutil.which("node") is not None and shutil.which("npm") is not None
        return missing(stamp, dev=dev, npm=has_npm, modules=(JS / "node_modules").is_dir())

    stamp = read_stamp()
    # The Python of .venv is a link to the system's, which may be gone.
    if PYTHON.exists() and stamp.get("root") == str(ROOT) and not find_missing(stamp):
        return 0
    try:
        with alone():
            set_up(find_missing)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
