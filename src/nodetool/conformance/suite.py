"""All rows over all transports, one row after the other, its transports side by side."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nodetool.client import ClientError
from nodetool.conformance.cancels import cancels
from nodetool.conformance.cuts import cut_and_joined
from nodetool.conformance.laws import Wrong
from nodetool.conformance.refusals import refusals, refused_joins
from nodetool.conformance.rows import Check, Row, same_everywhere
from nodetool.conformance.server import Server
from nodetool.conformance.sockets import Socket
from nodetool.conformance.transports import Ndjson, Poll, Sse, Sync, Transport
from nodetool.conformance.workflows import cases, escapes, failing, meeting, slow, stream

ENDED_COMBINATIONS, LIVE_COMBINATIONS = 6, 4
"""Combinations of cuts and joins for each transport, with scale 1."""

State = Literal["left out", "waiting", "running", "kept", "broken"]


@dataclass(slots=True)
class Cell:
    """A row over a transport, and what came of it."""

    row: str
    transport: str
    state: State = "waiting"
    fault: str = ""
    runs: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Board:
    """Every cell, by row and transport."""

    rows: list[str]
    transports: list[str]
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)

    @property
    def broken(self) -> list[Cell]:
        return [cell for cell in self.cells.values() if cell.state == "broken"]


class NoSuchName(Exception):
    """Nothing is called that; the text lists the names."""


def transports_of(server: Server) -> list[Transport]:
    return [
        Sync(server),
        Ndjson(server),
        Sse(server),
        Socket(server, "binary"),
        Socket(server, "text"),
        Poll(server),
    ]


def rows_of(transports: Sequence[Transport], *, scale: int, seed: int) -> list[Row]:
    joining = [transport for transport in transports if transport.joins]
    ended = cut_and_joined(
        "cut and joined when ended",
        [escapes(), failing(), meeting(first=True), stream(120)],
        joining,
        count=ENDED_COMBINATIONS * scale,
        seed=seed,
        live=False,
    )
    live = cut_and_joined(
        "cut and joined while live",
        [slow(30, 0.01), stream(200)],
        joining,
        count=LIVE_COMBINATIONS * scale,
        seed=seed,
        live=True,
    )
    return [*map(same_everywhere, cases()), refusals(), refused_joins(), cancels(), ended, live]


async def run(server: Server, *, scale: int, seed: int, only: Sequence[str], show: Callable[[Board], None]) -> Board:
    """Ask *server* everything, or what is named in *only*: rows, transports or both. *show* is told of each change.

    Raises:
        NoSuchName: a name is neither a row nor a transport.
    """
    transports = transports_of(server)
    rows = rows_of(transports, scale=scale, seed=seed)
    board = board_of(rows, transports, only)
    show(board)
    for row in rows:
        taking = [each for each in transports if board.cells[row.name, each.name].state == "waiting"]
        if taking:
            await run_row(server, row, taking, board, lambda: show(board))
    return board


def board_of(rows: Sequence[Row], transports: Sequence[Transport], only: Sequence[str]) -> Board:
    names = [row.name for row in rows]
    ways = [transport.name for transport in transports]
    if unknown := [name for name in only if name not in {*names, *ways}]:
        raise NoSuchName(f"nothing is called {unknown[0]!r}; there are {', '.join([*names, *ways])}")
    wanted_rows = {name for name in only if name in names} or set(names)
    wanted_ways = {name for name in only if name in ways} or set(ways)
    board = Board([name for name in names if name in wanted_rows], ways)
    for row in rows:
        for transport in transports:
            wanted = row.name in wanted_rows and transport.name in wanted_ways and row.takes(transport)
            cell = Cell(row.name, transport.name, "waiting" if wanted else "left out")
            board.cells[row.name, transport.name] = cell
    return board


async def run_row(
    server: Server, row: Row, transports: Iterable[Transport], board: Board, show: Callable[[], None]
) -> None:
    """Check a row over some transports, at the same time. What its preparation breaks on, breaks all its cells."""
    cells = {transport: board.cells[row.name, transport.name] for transport in transports}
    try:
        async with row.open(server) as check:
            seconds = server.seconds if row.timed else None
            await asyncio.gather(*(run_cell(check, way, cell, seconds, show) for way, cell in cells.items()))
    except (Wrong, ClientError) as error:
        for cell in cells.values():
            if cell.state != "broken":
                cell.state, cell.fault = "broken", told(error)
        show()


async def run_cell(
    check: Check, transport: Transport, cell: Cell, seconds: float | None, show: Callable[[], None]
) -> None:
    """Check one cell; it never raises what the server is to blame for."""
    begin = time.monotonic()
    cell.state = "running"
    show()
    try:
        async with asyncio.timeout(seconds):
            cell.runs = await check(transport)
        cell.state = "kept"
    except TimeoutError:
        cell.state, cell.fault = "broken", f"no end in {seconds:g} seconds"
    except (Wrong, ClientError) as error:
        cell.state, cell.fault = "broken", told(error)
    cell.seconds = time.monotonic() - begin
    show()


def told(error: Wrong | ClientError) -> str:
    return str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"
