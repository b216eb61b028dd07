"""Nodes whose outputs are kept, and a job that runs more than once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar, TypedDict

import msgspec

from nodetool.engine.keep import Checkpoints
from nodetool.protocol.descriptions import Runs
from nodetool.protocol.documents import GraphNode
from nodetool.protocol.frames import Checkpoint
from nodetool.protocol.masking import Mask
from nodetool.sdk import Chunk, Context, Node
from tests.engine.harness import Player, Told

WORK: list[Any] = []
"""What nodes of these tests have computed."""


class Dear(Node):
    """Something whose every call is counted."""

    type_name: ClassVar = "test.Dear"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    value: Any = None
    factor: int = 1

    def process(self) -> Any:
        WORK.append(self.value)
        return self.value


class DearLater(Dear):
    """The same, awaiting."""

    type_name: ClassVar = "test.DearLater"
    runs: ClassVar[Runs] = "async"

    async def process(self) -> Any:
        WORK.append(self.value)
        await asyncio.sleep(0)
        return self.value


class DearInThread(Dear):
    """The same in a thread."""

    type_name: ClassVar = "test.DearInThread"
    runs: ClassVar[Runs] = "blocking"


class DearStream(Node):
    """A stream of some numbers, counted as one call."""

    type_name: ClassVar = "test.DearStream"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    count: int = 3
    fails_at: int = -1

    async def process(self) -> AsyncIterator[int | None]:
        WORK.append("stream")
        for number in range(self.count):
            await asyncio.sleep(0)
            if number == self.fails_at:
                raise ValueError("failed as told")
            yield number if number != 1 else None


class DearStreamSync(Node):
    """The same without awaiting."""

    type_name: ClassVar = "test.DearStreamSync"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    count: int = 3

    def process(self) -> Iterator[int | None]:
        WORK.append("stream")
        yield from (number if number != 1 else None for number in range(self.count))


class DearStreamInThread(DearStreamSync):
    """The same in a thread."""

    type_name: ClassVar = "test.DearStreamInThread"
    runs: ClassVar[Runs] = "blocking"


class Halves(TypedDict, total=False):
    small: int
    large: int


class DearHalves(Node):
    """Named outputs, of which some are not there."""

    type_name: ClassVar = "test.DearHalves"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    value: int = 0

    def process(self) -> Halves:
        WORK.append(self.value)
        return {"small": self.value} if self.value < 10 else {"large": self.value}


class Dice(Node):
    """Something else each time."""

    type_name: ClassVar = "test.Dice"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    value: Any = None

    def process(self) -> int:
        WORK.append(self.value)
        return len(WORK)


class Rounded(Dear):
    """A float is what it says, whatever it returns."""

    type_name: ClassVar = "test.Rounded"

    def process(self) -> float:
        WORK.append(self.value)
        number: float = self.value
        return number


class Mood(Enum):
    GOOD = "good"


class Letter(msgspec.Struct):
    to: str
    sent: datetime


RICH: dict[str, Any] = {
    "date": date(2024, 2, 29),
    "moment": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "decimal": Decimal("1.50"),
    "mood": Mood.GOOD,
    "letter": Letter("ann", datetime(2024, 2, 29, 12, tzinfo=UTC)),
    "by_number": {1: "one"},
    "chunk": Chunk(content="hi", done=True),
    "bytes": b"\x00\xff",
    "tags": {"b", "a"},
    "pair": (1, "x"),
    "numbers": [1.0, float("nan"), float("inf")],
}


class Rich(TypedDict, total=False):
    date: date
    moment: datetime
    decimal: Decimal
    mood: Mood
    letter: Letter
    by_number: dict[int, str]
    chunk: Chunk
    bytes: bytes
    tags: set[str]
    pair: tuple[int, str]
    numbers: list[float]


class DearRich(Node):
    """Values of many types, each under its own handle."""

    type_name: ClassVar = "test.DearRich"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    word: str = ""

    def process(self) -> Rich:
        WORK.append(self.word)
        return {self.word: RICH[self.word]}  # type: ignore[misc]  # the word is one of them


class Loose(Node):
    """The same, and its annotation says nothing."""

    type_name: ClassVar = "test.Loose"
    runs: ClassVar[Runs] = "inline"
    checkpoint: ClassVar[bool] = True

    word: str = ""

    def process(self) -> Any:
        WORK.append(self.word)
        return [RICH[self.word]] if self.word in RICH else object()


class Catch(Node):
    """Keep what arrives for the test to look at."""

    type_name: ClassVar = "test.Catch"
    runs: ClassVar[Runs] = "inline"
    caught: ClassVar[list[Any]] = []

    value: Any = None

    def process(self) -> None:
        self.caught.append(self.value)


class Token(Node):
    """Pass on the value and, asked for twice, the token."""

    type_name: ClassVar = "test.Token"
    runs: ClassVar[Runs] = "inline"

    value: Any = None

    def process(self, ctx: Context) -> list[Any]:
        return [self.value, ctx.idempotency_token, ctx.idempotency_token]


class TokenInThread(Token):
    """The same in a thread."""

    type_name: ClassVar = "test.TokenInThread"
    runs: ClassVar[Runs] = "blocking"


class DearToken(Token):
    """The same, kept."""

    type_name: ClassVar = "test.DearToken"
    checkpoint: ClassVar[bool] = True


class Items(Node):
    """Stream the items of a list."""

    type_name: ClassVar = "test.Items"
    runs: ClassVar[Runs] = "inline"

    value: list[Any] = []

    def process(self) -> Iterator[Any]:
        yield from self.value


class Second(Node):
    """The second item of a list."""

    type_name: ClassVar = "test.Second"
    runs: ClassVar[Runs] = "inline"

    value: list[Any] = []

    def process(self) -> Any:
        return self.value[1]


DEAR: tuple[type[Node], ...] = (
    Dear,
    DearLater,
    DearInThread,
    DearStream,
    DearStreamSync,
    DearStreamInThread,
    DearHalves,
    Dice,
    Rounded,
    DearRich,
    Loose,
    Catch,
    Token,
    TokenInThread,
    DearToken,
    Items,
    Second,
)


class Job:
    """The attempts of one job, and what they kept."""

    def __init__(self, player: Player, nodes: list[GraphNode], *lines: str, max_result: int = 1 << 20) -> None:
        self.player = player
        self.plan = player.plan(nodes, *lines)
        self.kept: dict[bytes, Checkpoint] = {}
        self.attempt = 0
        self.max_result = max_result
        self.mask: Mask | None = None

    async def run(self, **options: Any) -> Told:
        self.attempt += 1
        found = dict(self.kept)

        def put(key: bytes, data: bytes) -> None:
            self.kept[key] = Checkpoint(1, self.attempt, key, data)

        is_secret = self.mask.may_be_in if self.mask else None
        checkpoints = Checkpoints(found, put, max_result=self.max_result, is_secret=is_secret)
        return await self.player.run(
            self.plan, checkpoints=checkpoints, attempt=self.attempt, max_result=self.max_result, **options
        )
