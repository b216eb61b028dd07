"""Nodes for tests of what surrounds them: they print, talk, fail, hang and die, as told."""

import asyncio
import ctypes
import os
import shlex
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Context, Node

BEAT = """
import pathlib, sys, time
for _ in range(2000):
    pathlib.Path(sys.argv[1]).write_text(str(time.time_ns()))
    time.sleep(0.005)
"""


class Print(Node):
    """Print a text, then pass it on."""

    type_name: ClassVar = "tests.Print"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        print(self.text)
        return self.text


class PrintInThread(Node):
    """The same from a thread."""

    type_name: ClassVar = "tests.PrintInThread"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""

    def process(self) -> str:
        print(self.text)
        return self.text


class Talk(Node):
    """Write *count* lines of *size* characters to the log, without a pause."""

    type_name: ClassVar = "tests.Talk"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    count: int = 1
    size: int = 10

    async def process(self, ctx: Context) -> str:
        for _ in range(self.count):
            ctx.log("x" * self.size)
        return self.text


class Pieces(Node):
    """Stream *count* texts of *size* characters."""

    type_name: ClassVar = "tests.Pieces"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    count: int = 1
    size: int = 10

    async def process(self) -> AsyncIterator[str]:
        for _ in range(self.count):
            yield "x" * self.size


class PiecesInThread(Node):
    """The same from a thread."""

    type_name: ClassVar = "tests.PiecesInThread"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""
    count: int = 1
    size: int = 10

    def process(self) -> Iterator[str]:
        for _ in range(self.count):
            yield "x" * self.size


class Gate(Node):
    """Wait until the file *path* exists, then pass the text on."""

    type_name: ClassVar = "tests.Gate"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    path: str = ""

    async def process(self) -> str:
        while not Path(self.path).exists():
            await asyncio.sleep(0.005)
        return self.text


class Beat(Node):
    """Write the moment to the file *path* again and again, in a thread, for ten seconds."""

    type_name: ClassVar = "tests.Beat"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""
    path: str = ""

    def process(self) -> str:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            Path(self.path).write_text(str(time.time_ns()))
            time.sleep(0.005)
        return self.text


class BeatAsync(Node):
    """The same, awaiting."""

    type_name: ClassVar = "tests.BeatAsync"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    path: str = ""

    async def process(self) -> str:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            Path(self.path).write_text(str(time.time_ns()))
            await asyncio.sleep(0.005)
        return self.text


class BeatBusy(Node):
    """The same, computing."""

    type_name: ClassVar = "tests.BeatBusy"
    runs: ClassVar[Runs] = "cpu"

    text: str = ""
    path: str = ""

    def process(self) -> str:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            Path(self.path).write_text(str(time.time_ns()))
            sum(range(20_000))
        return self.text


class BeatHeld(Node):
    """The same, within one call of C that holds the interpreter all the while."""

    type_name: ClassVar = "tests.BeatHeld"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""
    path: str = ""

    def process(self) -> str:
        beat = f"for _ in $(seq 1000); do date +%s%N > {shlex.quote(self.path)}; sleep 0.005; done"
        ctypes.PyDLL(None).system(beat.encode())
        return self.text


class BeatChild(Node):
    """The same, in a process of its own that nobody waits for."""

    type_name: ClassVar = "tests.BeatChild"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""
    path: str = ""

    def process(self) -> str:
        child = subprocess.Popen([sys.executable, "-c", BEAT, self.path])
        child.wait()
        return self.text


class Stubborn(Node):
    """Await, and swallow every cancellation."""

    type_name: ClassVar = "tests.Stubborn"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    path: str = ""

    async def process(self) -> str:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if self.path:
                Path(self.path).write_text(str(time.time_ns()))
            try:
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                continue
        return self.text


class Exit(Node):
    """End the process that runs it, the first *times* times: the file *path* counts."""

    type_name: ClassVar = "tests.Exit"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    path: str = ""
    times: int = 1_000

    async def process(self) -> str:
        await asyncio.sleep(0.02)  # what was told before has left by then
        file = Path(self.path)
        done = len(file.read_text()) if file.exists() else 0
        if done < self.times:
            file.write_text("x" * (done + 1))
            os._exit(7)
        return self.text


class Dear(Node):
    """Write the attempt and the token as a line of the file *path*, then pass the text on, in capitals."""

    type_name: ClassVar = "tests.Dear"
    runs: ClassVar[Runs] = "async"
    checkpoint: ClassVar[bool] = True

    text: str = ""
    path: str = ""

    async def process(self, ctx: Context) -> str:
        _write_line(self.path, ctx)
        return self.text.upper()


class DearPieces(Node):
    """The same, then stream each letter."""

    type_name: ClassVar = "tests.DearPieces"
    runs: ClassVar[Runs] = "async"
    checkpoint: ClassVar[bool] = True

    text: str = ""
    path: str = ""

    async def process(self, ctx: Context) -> AsyncIterator[str]:
        _write_line(self.path, ctx)
        for letter in self.text:
            await asyncio.sleep(0)
            yield letter.upper()


class DearEcho(Node):
    """Pass the text on; what it sent is kept."""

    type_name: ClassVar = "tests.DearEcho"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    text: str = ""

    def process(self) -> str:
        return self.text


class Ask(Node):
    """Write the attempt and the token as a line of *tokens*, wait until the file *path* exists, pass the text on."""

    type_name: ClassVar = "tests.Ask"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    path: str = ""
    tokens: str = ""

    async def process(self, ctx: Context) -> str:
        _write_line(self.tokens, ctx)
        while not Path(self.path).exists():
            await asyncio.sleep(0.005)
        return self.text


class HoldLoop(Node):
    """Hold the loop for some seconds, as no node should."""

    type_name: ClassVar = "tests.HoldLoop"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    seconds: float = 1.0

    def process(self) -> str:
        time.sleep(self.seconds)
        return self.text


class Fork(Node):
    """Leave a forked process behind that holds all that its parent has open, and end the parent."""

    type_name: ClassVar = "tests.Fork"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""
    own_session: bool = False

    def process(self) -> str:
        time.sleep(0.05)  # what was told before has left by then
        if os.fork() == 0:
            if self.own_session:
                os.setsid()
            time.sleep(10)
            os._exit(0)
        os._exit(7)


class Eat(Node):
    """Take more and more memory, up to *mib*, and never give the loop back."""

    type_name: ClassVar = "tests.Eat"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    mib: int = 400

    async def process(self) -> str:
        eaten: list[bytes] = []
        while True:
            if len(eaten) * 4 < self.mib:
                eaten.append(b"x" * (4 << 20))
            time.sleep(0.01)


class Hold(Node):
    """Never give the loop back."""

    type_name: ClassVar = "tests.Hold"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        while True:
            time.sleep(0.01)


class Recurse(Node):
    """Call itself without end."""

    type_name: ClassVar = "tests.Recurse"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return self.process()


class Secret(Node):
    """Raise an error from within, with a trace that nobody but the operator is to see."""

    type_name: ClassVar = "tests.Secret"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return self._depths_of_the_node()

    def _depths_of_the_node(self) -> str:
        raise RuntimeError("the vault is closed")


def _write_line(path: str, ctx: Context) -> None:
    with Path(path).open("a") as file:
        file.write(f"{ctx.attempt} {ctx.idempotency_token}\n")


class Leak(Node):
    """Tell a secret in every way that there is."""

    type_name: ClassVar = "tests.Leak"
    runs: ClassVar[Runs] = "async"
    secrets: ClassVar[tuple[str, ...]] = ("VAULT_KEY",)

    text: str = ""
    fails: bool = False

    async def process(self, ctx: Context) -> dict[str, Any]:
        key = ctx.secret("VAULT_KEY")
        print(f"printed {key}")
        print(f"complained {key}", file=sys.stderr, flush=True)
        ctx.log(f"logged {key}")
        ctx.preview({"key": key, key: 1})
        ctx.chunk(f"chunk {key}", content_metadata={"key": key})
        ctx.notify(f"noticed {key}")
        ctx.progress(1, 2, f"far {key}")
        await asyncio.sleep(0.02)
        if self.fails:
            raise RuntimeError(f"refused {key}")
        return {"key": key, "in": [f"Bearer {key}"], "bytes": key.encode(), "text": self.text}


class LeakBlocking(Leak):
    """The same in a runner of its own, where what is printed becomes events."""

    type_name: ClassVar = "tests.LeakBlocking"
    runs: ClassVar[Runs] = "blocking"


class Undeclared(Node):
    """Ask for a secret that it does not declare."""

    type_name: ClassVar = "tests.Undeclared"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self, ctx: Context) -> str:
        return ctx.secret("VAULT_KEY")


class Keep(Node):
    """Write a file into the workspace, then go on as told: end, fail, wait, or die at the first attempt."""

    type_name: ClassVar = "tests.Keep"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""
    then: str = "end"

    def process(self, ctx: Context) -> str:
        there = list(ctx.workspace.list())
        ctx.workspace.write_text("kept.txt", self.text)
        if self.then == "fail":
            raise RuntimeError("as told")
        if self.then == "wait":
            time.sleep(30)
        if self.then == "die" and ctx.attempt == 1:
            time.sleep(0.05)
            os._exit(7)
        return f"{there} {ctx.workspace.folder}"
