"""A store that dies, fails or stalls at a point that is named, and says so. All else is the real server."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from nodetool.app import OpenStore
from nodetool.protocol.errors import StorageFailed, StorageFull
from nodetool.protocol.events import JobUpdate
from nodetool.storage.port import Accept, Append, Batch, Begin, Cancel, End, First, Op, Requeue
from nodetool.storage.reader import SqliteReader
from nodetool.storage.writer import SqliteWriter
from tests.durability.board import Board, Fault
from tests.durability.wrapped import Outcomes, Wrapped, opener, settle

T = TypeVar("T")

NAMES: dict[type[Op], str] = {Accept: "accept", Begin: "claim", Append: "store", End: "end", Cancel: "cancel"}

REQUEUES = {"the server ended": "sweep", "the server was stopped": "drain"}
"""Why a job is queued again: at the start of a server, or at its end."""

_update = msgspec.msgpack.Decoder(JobUpdate)


def points_of(ops: Sequence[Op]) -> set[str]:
    """Return the names of what is asked of the writer."""
    return {_point_of(part) for op in ops for part in ((op.accept, op.then) if isinstance(op, First) else (op,))}


def _point_of(op: Op) -> str:
    if isinstance(op, Requeue):
        return REQUEUES.get(_update.decode(op.data).message or "", "requeue")
    return NAMES.get(type(op), "other")


def die() -> None:
    """End this process here and now, as ``kill -9`` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def error_of(fault: Fault) -> StorageFailed | StorageFull:
    return StorageFull() if fault.action == "full" else StorageFailed()


class Turnstile(Generic[T]):
    """Lets what comes through in its order; while it is shut, everything waits."""

    def __init__(self, let: Callable[[T], object]) -> None:
        self._let = let
        self._waiting: deque[T] = deque()
        self._is_shut = False

    def __len__(self) -> int:
        return len(self._waiting)

    def come(self, one: T) -> None:
        self._waiting.append(one)
        self._go()

    def shut(self, seconds: float, first: T) -> None:
        """Keep everything back for a while, from *first* on."""
        self._is_shut = True
        self._waiting.appendleft(first)
        asyncio.get_running_loop().call_later(seconds, self._open)

    def _open(self) -> None:
        self._is_shut = False
        self._go()

    def _go(self) -> None:
        while self._waiting and not self._is_shut:
            self._let(self._waiting.popleft())


class FaultyWriter(Wrapped):
    """Dies, fails or stalls where the board says so. Whatever is done to one call, all go on in their order."""

    def __init__(self, real: SqliteWriter, board: Board) -> None:
        super().__init__(real)
        self._board = board
        self._in: Turnstile[tuple[Sequence[Op], Outcomes]] = Turnstile(self._pass_on)
        self._out: Turnstile[tuple[Sequence[Op], Outcomes, Outcomes]] = Turnstile(self._tell)
        self._failing: Fault | None = None

    def append(self, ops: Sequence[Op]) -> Outcomes:
        outcome: Outcomes = asyncio.get_running_loop().create_future()
        self._in.come((ops, outcome))
        return outcome

    async def close(self) -> None:
        while self._in or self._out:
            await asyncio.sleep(0.01)
        await self._real.close()

    def _pass_on(self, asked: tuple[Sequence[Op], Outcomes]) -> None:
        ops, outcome = asked
        fault = self._board.due("before", points_of(ops))
        if fault and fault.action == "stall":
            self._in.shut(fault.seconds, asked)
        elif fault:
            self._fail(fault, outcome)
        elif self._failing:
            outcome.set_exception(error_of(self._failing))
        else:
            stored = self._real.append(ops)
            stored.add_done_callback(lambda done: self._out.come((ops, outcome, done)))

    def _fail(self, fault: Fault, outcome: Outcomes) -> None:
        """Fail one call, and for as long as the fault lasts all others."""
        if fault.action == "kill":
            die()
        outcome.set_exception(error_of(fault))
        if fault.seconds:
            self._failing = fault
            asyncio.get_running_loop().call_later(fault.seconds, self._recover)

    def _recover(self) -> None:
        self._failing = None

    def _tell(self, told: tuple[Sequence[Op], Outcomes, Outcomes]) -> None:
        ops, outcome, done = told
        fault = self._board.due("after", points_of(ops))
        if fault and fault.action == "stall":
            self._out.shut(fault.seconds, told)
        elif fault:
            die()
        else:
            settle(outcome, done)


class FaultyReader(Wrapped):
    """Cannot read pages of events where the board says so, once or for a while."""

    def __init__(self, real: SqliteReader, board: Board) -> None:
        super().__init__(real)
        self._board = board
        self._failing_until = 0.0

    async def events(self, no: int, after: int, *, limit: int, max_bytes: int) -> list[Batch]:
        now = asyncio.get_running_loop().time()
        if fault := self._board.due("before", {"read"}):
            self._failing_until = now + fault.seconds
            raise StorageFailed
        if now < self._failing_until:
            raise StorageFailed
        page: list[Batch] = await self._real.events(no, after, limit=limit, max_bytes=max_bytes)
        return page


def faulty_store(board: Board) -> OpenStore:
    """Return what opens a store that goes wrong as the *board* says."""
    return opener(lambda writer: FaultyWriter(writer, board), lambda reader: FaultyReader(reader, board))
