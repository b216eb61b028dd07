"""Stores with one fault built in: a server over one of them breaks a promise, and has to be found out."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from nodetool.app import OpenStore
from nodetool.protocol import codec
from nodetool.protocol.events import JobUpdate
from nodetool.storage.port import Accept, Append, Cancel, Done, End, JobRow, Op
from nodetool.storage.writer import SqliteWriter
from tests.durability.wrapped import Outcomes, Wrapped, opener, settle

LATE = 2.0
"""Seconds until a hasty server stores what it has said is stored."""

_update = msgspec.msgpack.Decoder(JobUpdate)


class HastyWriter(Wrapped):
    """Says of some operations at once that they are stored, and has them stored later, with all that follows.

    New jobs alone do not wait behind them.
    """

    def __init__(self, real: SqliteWriter, lies_of: Callable[[Op], bool]) -> None:
        super().__init__(real)
        self._lies_of = lies_of
        self._waiting: deque[tuple[Sequence[Op], Outcomes]] = deque()

    def append(self, ops: Sequence[Op]) -> Outcomes:
        outcome: Outcomes = asyncio.get_running_loop().create_future()
        is_lie = any(map(self._lies_of, ops))
        if is_lie:
            outcome.set_result([Done() for _ in ops])
        self._waiting.append((ops, outcome))
        if is_lie or (len(self._waiting) > 1 and not any(isinstance(op, Accept) for op in ops)):
            asyncio.get_running_loop().call_later(LATE, self._pass_on)
        else:
            self._pass_on(self._waiting.pop())
        return outcome

    async def close(self) -> None:
        while self._waiting:
            await asyncio.sleep(0.01)
        await self._real.close()

    def _pass_on(self, asked: tuple[Sequence[Op], Outcomes] | None = None) -> None:
        ops, outcome = asked or self._waiting.popleft()
        self._real.append(ops).add_done_callback(lambda done: settle(outcome, done))


class FurtherEvents:
    """Picks the events of a job but for the first ones: by then its readers are there."""

    def __init__(self) -> None:
        self._told: set[int] = set()

    def __call__(self, op: Op) -> bool:
        is_further = isinstance(op, Append) and op.no in self._told
        if isinstance(op, Append):
            self._told.add(op.no)
        return is_further


class DoublingWriter(Wrapped):
    """Ends every job twice."""

    def append(self, ops: Sequence[Op]) -> Outcomes:
        doubled: Outcomes = self._real.append([_doubled(op) if isinstance(op, End) else op for op in ops])
        return doubled


def _doubled(op: End) -> End:
    last = codec.split(op.count, op.data)[-1]
    again = msgspec.structs.replace(_update.decode(last), seq=op.first_seq + op.count)
    return msgspec.structs.replace(op, count=op.count + 1, data=op.data + codec.to_msgpack(again))


def hasty(lies_of: Callable[[Op], bool]) -> OpenStore:
    return opener(lambda writer: HastyWriter(writer, lies_of))


class ForgetfulReader(Wrapped):
    """Knows of no job that had not ended."""

    async def unfinished(self) -> list[JobRow]:
        return []


def only(kind: type[Op]) -> Callable[[Op], bool]:
    return lambda op: isinstance(op, kind)


LIARS: dict[str, OpenStore] = {
    "accepts before it stores": hasty(only(Accept)),
    "sends before it stores": hasty(FurtherEvents()),
    "confirms a cancel before it stores it": hasty(only(Cancel)),
    "forgets what had not ended": opener(reader=ForgetfulReader),
    "ends twice": opener(DoublingWriter),
}
