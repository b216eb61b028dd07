"""What a run tells while it goes on: a live display for a person at a terminal, or every event for a program."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

from nodetool.cli import show
from nodetool.cli.local import Watch
from nodetool.cli.show_jobs import line
from nodetool.jobs.cursor import Batch
from nodetool.protocol import codec
from nodetool.protocol.events import AnyEvent, JobUpdate, LogUpdate, NodeProgress, NodeUpdate, Notification, Severity

if TYPE_CHECKING:
    from rich.table import Table

STYLES: dict[Severity, str] = {"info": "dim", "warning": "yellow", "error": "red"}

ROWS = 8
"""Nodes that are shown at work at a time; how many more there are is told."""

BAR = 30
"""Columns of a bar."""

LABEL = 40
"""Columns of a node's name, at most."""


class Row(NamedTuple):
    """A node at work, and how far it is: of a *total*, if it tells one."""

    label: str
    progress: int = 0
    total: int = 0


class Board:
    """What the live display has: which nodes are at work and how far each is. Costs a lookup an event."""

    def __init__(self) -> None:
        self.ended = 0
        self._at_work: dict[tuple[str | int, ...], Row] = {}

    def take(self, event: AnyEvent) -> None:
        match event:
            case NodeUpdate(status="running"):
                self._at_work[_whom(event)] = Row(event.node_name or event.node_id)
            case NodeUpdate():
                self.ended += 1
                self._at_work.pop(_whom(event), None)
            case NodeProgress():
                self._at_work[_whom(event)] = Row(event.node_name or event.node_id, event.progress, event.total)
            case JobUpdate(status="running"):  # another attempt begins anew
                self.ended = 0
                self._at_work.clear()

    def rows(self, most: int = ROWS) -> list[Row]:
        """Return the nodes at work, those that tell how far they are first."""
        return sorted(self._at_work.values(), key=lambda row: not row.total)[:most]

    def summary(self) -> str:
        more = len(self._at_work) - ROWS
        hidden = f", {more} more at work" if more > 0 else ""
        return f"{show.count(self.ended, 'node')} done{hidden}"


@contextmanager
def on_terminal() -> Iterator[Watch]:
    """Give a watcher of events that keeps a live display on stderr, and above it what the nodes log."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console, board = Console(stderr=True), Board()
    with Live(get_renderable=_drawer(board), console=console, refresh_per_second=12, transient=True):

        def watch(batch: Batch) -> None:
            for event in codec.events_of(batch.count, batch.data):
                board.take(event)
                if words := said(event):
                    console.print(Text(words[0], STYLES[words[1]]))

        yield watch


def lines(out: TextIO) -> Watch:
    """Return a watcher of events that writes each as a line of JSON."""

    def watch(batch: Batch) -> None:
        out.write(batch.lines().decode())
        out.flush()

    return watch


def said(event: AnyEvent) -> tuple[str, Severity] | None:
    """Return what is said above the live display."""
    match event:
        case LogUpdate():
            return f"{event.node_name} ({event.node_id}): {event.content}", event.severity
        case Notification():
            return f"{event.node_id}: {event.content}", event.severity
    return None


def _drawer(board: Board) -> "Callable[[], Table]":
    """Return what draws the board as it is, for whoever refreshes the display."""
    from rich.progress_bar import ProgressBar
    from rich.spinner import Spinner
    from rich.table import Table
    from rich.text import Text

    spinner = Spinner("dots", style="cyan")

    def draw() -> Table:
        grid = Table.grid(padding=(0, 1))
        for row in board.rows():
            bar = ProgressBar(row.total or None, row.progress, width=BAR, pulse=not row.total)
            grid.add_row("", Text(line(row.label, LABEL)), bar, f"{row.progress} of {row.total}" if row.total else "")
        grid.add_row(spinner, Text(board.summary(), "dim"))
        return grid

    return draw


def _whom(event: NodeUpdate | NodeProgress) -> tuple[str | int, ...]:
    return (*(event.path or ()), event.node_id)
