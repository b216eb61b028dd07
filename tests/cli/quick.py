"""Commands in quick succession: a process that has imported what commands import makes a copy of itself for each.

What is run is what people run, but for the third of a second that imports take.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.command import Done, environment

COPIER = """
import json, os, signal, sys
import uvloop
from nodetool.cli import command, holder, printing, remote, resting, show_workflows

for line in sys.stdin:
    asked = json.loads(line)
    pid = os.fork()
    if pid == 0:
        signal.alarm(15)
        os.environ.clear()
        os.environ.update(asked["env"])
        for number, file in enumerate(asked["files"]):
            os.dup2(os.open(file, os.O_WRONLY if number else os.O_RDONLY), number)
        sys.argv = ["nodetool", *asked["args"]]
        command.main()
    print(asked["number"], os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Quick:
    """Runs one command after the other. Their input and output are files in *folder*."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._number = 0
        self._files = [folder / "stdin", folder / "stdout", folder / "stderr"]

    def run(self, *args: str | Path, home: Path, stdin: str = "", **env: str) -> Done:
        assert self._process.stdin
        assert self._process.stdout
        given, out, err = self._files
        self._number += 1
        given.write_text(stdin)
        out.write_text("")
        err.write_text("")
        asked = {
            "number": self._number,
            "args": list(map(str, args)),
            "env": environment(home) | env,
            "files": list(map(str, self._files)),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        number = code = 0
        while number != self._number:  # a test that ran out of time has left an answer unread
            number, code = map(int, self._process.stdout.readline().split())
        return Done(code, out.read_text(), err.read_text())


@contextmanager
def quick(folder: Path) -> Iterator[Quick]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", COPIER], stdin=pipe, stdout=pipe, text=True) as process:
        yield Quick(process, folder)
        assert process.stdin
        process.stdin.close()
