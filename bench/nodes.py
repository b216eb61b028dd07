"""Nodes for measuring and for tests: they wait, compute, stream or fail, as told.

Load them with ``nodetool serve --nodes bench/nodes.py``.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Context, Meta, Node

Seconds = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]


class Sleep(Node):
    """Await for some seconds, then pass the text on."""

    type_name: ClassVar = "bench.nodes.Sleep"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    seconds: Seconds = 1.0

    async def process(self) -> str:
        await asyncio.sleep(self.seconds)
        return self.text


class BlockingSleep(Node):
    """Hold a thread for some seconds, then pass the text on."""

    type_name: ClassVar = "bench.nodes.BlockingSleep"
    runs: ClassVar[Runs] = "blocking"

    text: str = ""
    seconds: Seconds = 1.0

    def process(self) -> str:
        time.sleep(self.seconds)
        return self.text


class Busy(Node):
    """Compute for some seconds without a pause, then pass the text on."""

    type_name: ClassVar = "bench.nodes.Busy"
    runs: ClassVar[Runs] = "cpu"

    text: str = ""
    seconds: Seconds = 1.0

    def process(self) -> str:
        end = time.perf_counter() + self.seconds
        while time.perf_counter() < end:
            pass
        return self.text


class Gate(Node):
    """Wait until a file is there, then pass the text on."""

    type_name: ClassVar = "bench.nodes.Gate"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    path: str = ""
    seconds: Annotated[float, Meta(gt=0)] = 0.5

    async def process(self) -> str:
        while not Path(self.path).exists():
            await asyncio.sleep(self.seconds)
        return self.text


class Emit(Node):
    """Stream *count* small texts: the given one and a number."""

    type_name: ClassVar = "bench.nodes.Emit"
    runs: ClassVar[Runs] = "inline"

    text: str = "item"
    count: Count = 10

    async def process(self) -> AsyncIterator[str]:
        for number in range(self.count):
            yield f"{self.text} {number}"


class Fail(Node):
    """Raise a ValueError with the message."""

    type_name: ClassVar = "bench.nodes.Fail"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    message: str = "failed as told"

    def process(self) -> str:
        raise ValueError(self.message)


class Steps(Node):
    """Take some steps of some seconds each, report each one, then pass the text on."""

    type_name: ClassVar = "bench.nodes.Steps"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    steps: Annotated[int, Meta(ge=1)] = 10
    seconds: Seconds = 0.1

    async def process(self, ctx: Context) -> str:
        for step in range(1, self.steps + 1):
            await asyncio.sleep(self.seconds)
            ctx.progress(step, self.steps)
        return self.text
