"""Nodes that tests put into graphs: they stream, wait, hold threads, branch and fail, as told."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar, TypedDict

from nodetool.protocol.descriptions import Runs
from nodetool.protocol.values import Chunk
from nodetool.sdk import Context, Node, Stream

OPEN: list[str] = []
"""Generators of these kinds that have begun and not been closed."""


async def turns(count: int) -> None:
    """Let the loop go round *count* times."""
    for _ in range(count):
        await asyncio.sleep(0)


class Number(Node):
    """A constant."""

    type_name: ClassVar = "test.Number"
    runs: ClassVar[Runs] = "inline"

    value: int = 0
    after: Any = None

    def process(self) -> int:
        return self.value


class Add(Node):
    """a + b, at once."""

    type_name: ClassVar = "test.Add"
    runs: ClassVar[Runs] = "inline"

    a: int = 0
    b: int = 0

    def process(self) -> int:
        return self.a + self.b


class AddLater(Node):
    """a + b, after some turns of the loop."""

    type_name: ClassVar = "test.AddLater"

    a: int = 0
    b: int = 0
    turns: int = 1

    async def process(self) -> int:
        await turns(self.turns)
        return self.a + self.b


class AddInThread(Node):
    """a + b, in a thread."""

    type_name: ClassVar = "test.AddInThread"

    a: int = 0
    b: int = 0
    seconds: float = 0

    def process(self) -> int:
        time.sleep(self.seconds)
        return self.a + self.b


class Parity(TypedDict, total=False):
    """Only the handle that fits is there."""

    even: int
    odd: int


class Split(Node):
    """Send a number one way or the other."""

    type_name: ClassVar = "test.Split"
    runs: ClassVar[Runs] = "inline"

    value: int = 0

    def process(self) -> Parity:
        return {"odd": self.value} if self.value % 2 else {"even": self.value}


class SplitLater(Node):
    """Send a number one way or the other, after some turns of the loop."""

    type_name: ClassVar = "test.SplitLater"

    value: int = 0
    turns: int = 1

    async def process(self) -> Parity:
        await turns(self.turns)
        return {"odd": self.value} if self.value % 2 else {"even": self.value}


class Count(Node):
    """Stream count numbers from start on; between two of them, wait some turns of the loop."""

    type_name: ClassVar = "test.Count"
    runs: ClassVar[Runs] = "inline"

    start: int = 0
    count: int = 3
    turns: int = 0

    async def process(self) -> AsyncIterator[int]:
        OPEN.append("Count")
        try:
            for number in range(self.start, self.start + self.count):
                await turns(self.turns)
                yield number
        finally:
            OPEN.remove("Count")


class CountSync(Node):
    """Stream count numbers from start on."""

    type_name: ClassVar = "test.CountSync"
    runs: ClassVar[Runs] = "inline"

    start: int = 0
    count: int = 3

    def process(self) -> Iterator[int]:
        OPEN.append("CountSync")
        try:
            yield from range(self.start, self.start + self.count)
        finally:
            OPEN.remove("CountSync")


class CountInThread(Node):
    """Stream count numbers from start on, from a thread."""

    type_name: ClassVar = "test.CountInThread"

    start: int = 0
    count: int = 3
    seconds: float = 0

    def process(self) -> Iterator[int]:
        OPEN.append("CountInThread")
        try:
            for number in range(self.start, self.start + self.count):
                time.sleep(self.seconds)
                yield number
        finally:
            OPEN.remove("CountInThread")


class Gather(Node):
    """Read a stream to its end and return it as a list."""

    type_name: ClassVar = "test.Gather"

    items: Stream[int]
    after: Any = None

    async def process(self) -> list[int]:
        return [item async for item in self.items]


class Total(Node):
    """Read a stream to its end and return the sum."""

    type_name: ClassVar = "test.Total"

    items: Stream[int]

    async def process(self) -> int:
        return sum([item async for item in self.items])


class Running(Node):
    """Read a stream and yield the sum so far, with each item."""

    type_name: ClassVar = "test.Running"

    items: Stream[int]

    async def process(self) -> AsyncIterator[int]:
        OPEN.append("Running")
        try:
            total = 0
            async for item in self.items:
                total += item
                yield total
        finally:
            OPEN.remove("Running")


class Both(Node):
    """Read two streams at once, each to its end."""

    type_name: ClassVar = "test.Both"

    a: Stream[int]
    b: Stream[int]

    async def process(self) -> list[list[int]]:
        return list(await asyncio.gather(_listed(self.a), _listed(self.b)))


class First(Node):
    """Read some items and return; the rest stays unread."""

    type_name: ClassVar = "test.First"

    items: Stream[int]
    count: int = 1

    async def process(self) -> list[int]:
        got: list[int] = []
        async for item in self.items:
            got.append(item)
            if len(got) >= self.count:
                break
        return got


class Chunks(Node):
    """Stream pieces of text."""

    type_name: ClassVar = "test.Chunks"
    runs: ClassVar[Runs] = "inline"

    pieces: list[str] = []

    def process(self) -> Iterator[Chunk]:
        for piece in self.pieces:
            yield Chunk(content=piece)


class Make(Node):
    """Evaluate a word: a value that no document can hold."""

    type_name: ClassVar = "test.Make"
    runs: ClassVar[Runs] = "inline"

    word: str = ""

    def process(self) -> Any:
        return {
            "bytes": b"\x00\xff",
            "nan": float("nan"),
            "nans": [1.0, float("nan"), float("inf")],
            "big": 2**70,
            "bigs": [2**70],
            "large": 2**64 - 1,
            "half": "\ud800",
            "object": object(),
            "chunk": Chunk(content="hi", done=True),
            "none": None,
            "deep": _deep(5000),
        }[self.word]


class Fail(Node):
    """Raise, after some turns of the loop."""

    type_name: ClassVar = "test.Fail"

    value: Any = None
    message: str = "failed as told"
    turns: int = 0

    async def process(self) -> Any:
        await turns(self.turns)
        raise ValueError(self.message)


class Wait(Node):
    """Wait until cancelled."""

    type_name: ClassVar = "test.Wait"

    value: Any = None

    async def process(self) -> Any:
        await asyncio.Event().wait()


class Say(Node):
    """Say what it is told to, with the context."""

    type_name: ClassVar = "test.Say"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self, ctx: Context) -> str:
        ctx.log(self.text)
        return f"{ctx.job_id} {ctx.node_id} {ctx.attempt}"


async def _listed(stream: Stream[int]) -> list[int]:
    return [item async for item in stream]


def _deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


KINDS: tuple[type[Node], ...] = (
    Number,
    Add,
    AddLater,
    AddInThread,
    Split,
    SplitLater,
    Count,
    CountSync,
    CountInThread,
    Gather,
    Total,
    Running,
    Both,
    First,
    Chunks,
    Make,
    Fail,
    Wait,
    Say,
)
