"""Stores with one fault built in: a server over one of them breaks a promise, and has to be found out."""

import asyncio
from collections import Counter, deque
from collections.abc import Sequence

import msgspec

from nodetool.app import OpenStore
from nodetool.protocol import codec
from nodetool.protocol.events import JobUpdate
from nodetool.storage.port import Accept, Append, Cancel, Done, End, First, JobRow, Op
from nodetool.storage.writer import SqliteWriter
from tests.durability.wrapped import Outcomes, Wrapped, opener, settle

LATE = 2.0
"""Seconds until a hasty server stores what it has said is stored."""

_update = msgspec.msgpack.Decoder(JobUpdate)


class HastyWriter(Wrapped):
    """Says of some operations at once that they are stored, and has them stored later, with all that follows.

    New jobs alone do not wait behind them.
    """

    def __init__(self, real: SqliteWriter, lie: "Lie") -> None:
        super().__init__(real)
        self._lie = lie
        self._waiting: deque[tuple[Sequence[Op], Outcomes]] = deque()

    def append(self, ops: Sequence[Op]) -> Outcomes:
        outcome: Outcomes = asyncio.get_running_loop().create_future()
        is_lie = any(map(self._lie.is_told_of, ops))
        if is_lie:
            outcome.set_result([Done() for _ in ops])
        else:
            self._lie.asked(ops)
            outcome.add_done_callback(lambda _: self._lie.answered(ops))
        if is_lie or (self._waiting and not any(isinstance(op, Accept | First) for op in ops)):
            self._waiting.append((ops, outcome))
            asyncio.get_running_loop().call_later(LATE, lambda: self._pass_on(*self._waiting.popleft()))
        else:
            self._pass_on(ops, outcome)
        return outcome

    async def close(self) -> None:
        while self._waiting:
            await asyncio.sleep(0.01)
        await self._real.close()

    def _pass_on(self, ops: Sequence[Op], outcome: Outcomes) -> None:
        self._real.append(ops).add_done_callback(lambda done: settle(outcome, done))


class Lie:
    """Is told of every operation of a *kind*."""

    def __init__(self, kind: type[Op]) -> None:
        self._kind = kind

    def is_told_of(self, op: Op) -> bool:
        return isinstance(op, self._kind)

    def asked(self, ops: Sequence[Op]) -> None:
        """These are on their way to be stored."""

    def answered(self, ops: Sequence[Op]) -> None:
        """These are stored."""


class LieOfEvents(Lie):
    """Is told of the events of a job but for the first: by then its readers are there, and hear them in order."""

    def __init__(self) -> None:
        super().__init__(Append)
        self._told: set[int] = set()
        self._on_their_way: Counter[int] = Counter()

    def is_told_of(self, op: Op) -> bool:
        return isinstance(op, Append) and op.no in self._told and not self._on_their_way[op.no]

    def asked(self, ops: Sequence[Op]) -> None:
        self._on_their_way.update(op.no for op in ops if isinstance(op, Append))

    def answered(self, ops: Sequence[Op]) -> None:
        numbers = [op.no for op in ops if isinstance(op, Append)]
        self._on_their_way.subtract(numbers)
        self._told.update(numbers)


class DoublingWriter(Wrapped):
    """Ends every job twice."""

    def append(self, ops: Sequence[Op]) -> Outcomes:
        doubled: Outcomes = self._real.append([_with_double(op) for op in ops])
        return doubled


def _with_double(op: Op) -> Op:
    match op:
        case End():
            return _doubled(op)
        case First(accept=accept, then=End() as then):
            return First(accept=accept, then=_doubled(then))
    return op


def _doubled(op: End) -> End:
    last = codec.split(op.count, op.data)[-1]
    again = msgspec.structs.replace(_update.decode(last), seq=op.first_seq + op.count)
    return msgspec.structs.replace(op, count=op.count + 1, data=op.data + codec.to_msgpack(again))


class ForgetfulReader(Wrapped):
    """Knows of no job that had not ended."""

    async def unfinished(self) -> list[JobRow]:
        return []


def hasty(lie: Lie) -> OpenStore:
    return opener(lambda writer: HastyWriter(writer, lie))


LIARS: dict[str, OpenStore] = {
    "accepts before it stores": hasty(Lie(Accept)),
    "sends before it stores": hasty(LieOfEvents()),
    "confirms a cancel before it stores it": hasty(Lie(Cancel)),
    "forgets what had not ended": opener(reader=ForgetfulReader),
    "ends twice": opener(DoublingWriter),
}
