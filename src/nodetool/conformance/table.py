"""How a board is shown: a row a line, a transport a column."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nodetool.conformance.suite import Board, Cell

MARKS = {"left out": "", "waiting": "·", "running": "…", "kept": "✓", "broken": "✗"}
STYLES = {"kept": "green", "broken": "bold red", "running": "yellow"}


@contextmanager
def showing(console: Console) -> Iterator[Callable[[Board], None]]:
    """Show a board while it changes, for the length of a block. Where nothing can move nothing is shown."""
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        yield lambda board: live.update(table(board))


def table(board: Board) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False, collapse_padding=True)  # 80 columns are enough
    shown.add_column("seconds", header_style="dim", no_wrap=True)
    for transport in board.transports:
        shown.add_column(transport, justify="right", no_wrap=True)
    for row in board.rows:
        shown.add_row(row, *(mark(board.cells[row, transport]) for transport in board.transports))
    return shown


def mark(cell: Cell) -> Text:
    seconds = f" {cell.seconds:.2f}" if cell.state in ("kept", "broken") else ""
    return Text(MARKS[cell.state] + seconds, STYLES.get(cell.state, "dim"))


def report(board: Board, *, seed: int, seconds: float) -> RenderableType:
    """Return the whole table, what was broken, and what to repeat it with."""
    asked = [cell for cell in board.cells.values() if cell.state != "left out"]
    faults = [Text(f"{cell.row} over {cell.transport}: {cell.fault}", "red") for cell in board.broken]
    kept, runs = sum(cell.state == "kept" for cell in asked), sum(cell.runs for cell in asked)
    summary = f"{kept} of {len(asked)} kept, {runs} runs, seed {seed}, {seconds:.1f} s"
    return Group(table(board), *faults, Text(summary, "bold red" if faults else "bold green"))
