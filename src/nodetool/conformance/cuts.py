"""Cut anywhere, joined anywhere: pieces of a job's events, read over any transports, fit together to the same log."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from nodetool.client import ClientError
from nodetool.conformance import laws
from nodetool.conformance.laws import Event, Wrong
from nodetool.conformance.rows import Check, Row, check_run
from nodetool.conformance.server import Server
from nodetool.conformance.transports import Opening, Transport, read
from nodetool.conformance.workflows import Case

HOPS = 4
"""At most so many connections join a job before the last one reads it to its end."""

MOST = 300
"""Events until a cut, at most."""

AT_ONCE = 4
"""Combinations of a transport that are tried at the same time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one connection heard of a job: the events behind *after*."""

    transport: str
    after: int
    events: list[Event]
    is_cut: bool
    """We left; else the transport said that this was all."""

    @property
    def end(self) -> int:
        return self.after + len(self.events)

    def __str__(self) -> str:
        return f"{self.transport} {self.after + 1}–{self.end}{'' if self.is_cut else ' to its end'}"


def cut_and_joined(
    name: str, cases: Sequence[Case], joining: Sequence[Transport], *, count: int, seed: int, live: bool
) -> Row:
    """Start a job over the transport of a cell, cut, and join it *count* times; *live* before it has ended."""

    @asynccontextmanager
    async def opened(server: Server) -> AsyncIterator[Check]:
        async with AsyncExitStack() as stack:
            ids = [await stack.enter_async_context(server.stored(f"{name}, {case.name}", case.graph)) for case in cases]
            stored = list(zip(cases, ids, strict=True))

            async def check(transport: Transport) -> int:
                slots = asyncio.Semaphore(AT_ONCE)

                async def combination(number: int) -> None:
                    rng = random.Random(f"{seed} {name} {transport.name} {number}")  # noqa: S311 - to be repeated
                    case, workflow_id = rng.choice(stored)
                    async with slots:
                        await Pieces(server, rng, joining, live=live).gather(transport, case, workflow_id)

                await all_of(combination(number) for number in range(count))
                return count

            yield check

    return Row(name, opened, takes=lambda transport: transport.joins or not live, timed=False)


async def all_of(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do all at the same time; the first that fails ends the others, and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


class Pieces:
    """One combination: a job, and what each connection heard of it."""

    def __init__(self, server: Server, rng: random.Random, joining: Sequence[Transport], *, live: bool) -> None:
        self.heard: list[Piece] = []
        self._server = server
        self._rng = rng
        self._joining = joining
        self._live = live

    async def gather(self, transport: Transport, case: Case, workflow_id: str) -> None:
        """Start the job, cut and join, and hold each piece against the log. Raises Wrong, naming the pieces."""
        try:
            async with asyncio.timeout(self._server.seconds):
                await self._gather(transport, case, workflow_id)
        except TimeoutError:
            raise Wrong(f"{self}: no end in {self._server.seconds:g} seconds") from None
        except (Wrong, ClientError) as error:
            raise Wrong(f"{self}: {error}") from error

    def __str__(self) -> str:
        return "; ".join(map(str, self.heard)) or "at the start"

    async def _gather(self, transport: Transport, case: Case, workflow_id: str) -> None:
        take = self._some() if transport.joins else None
        job_id = await self._hear(transport.name, 0, transport.start(workflow_id, case.params), take)
        log = [] if self._live else await self._server.log(job_id)
        for _ in range(self._rng.randint(0, HOPS)):
            await self._hop(job_id, len(log) or self._seen(), self._some())
        await self._hop(job_id, self._seen(), None)
        log = log or await self._server.log(job_id)
        check_run(case, log, job_id, workflow_id)
        for piece in self.heard:
            check_piece(piece, log)

    async def _hop(self, job_id: str, reach: int, take: int | None) -> None:
        """Join behind an event that there is; half of the time where the last piece ended."""
        after = self.heard[-1].end if self._rng.random() < 0.5 else self._rng.randint(0, reach)
        joining = self._rng.choice(self._joining)
        await self._hear(joining.name, after, joining.join(job_id, after), take)

    async def _hear(self, name: str, after: int, opening: Opening, take: int | None) -> str:
        job_id, events = await read(opening, take)
        self.heard.append(Piece(name, after, events, is_cut=len(events) == take))
        return job_id

    def _seen(self) -> int:
        return max(piece.end for piece in self.heard)

    def _some(self) -> int:
        """Return a number of events, a small one as often as a large one."""
        return round(math.exp(self._rng.uniform(0, math.log(MOST))))


def check_piece(piece: Piece, log: Sequence[Event]) -> None:
    """Check that a piece is a part of the log, and ends with it unless we cut it."""
    laws.compare_events(piece.events, log[piece.after : piece.end], (piece.transport, "the log"), f"{piece}: ")
    if not piece.is_cut and piece.end != len(log):
        raise Wrong(f"{piece.transport} ended behind event {piece.end}, but the log goes on to {len(log)}")
