"""How tables and lines reach the eye: with colours on a terminal, and as wide as it is; elsewhere as plain text."""

import sys
from collections.abc import Callable, Mapping, Sequence

from nodetool.cli import show, show_jobs
from nodetool.protocol import codec
from nodetool.protocol.events import AnyEvent

Write = Callable[[AnyEvent], None]

STATUS = "STATUS"
"""The column whose words have colours."""


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], colours: Mapping[str, str]) -> None:
    """Print rows under their heads. A terminal cuts lines at its end: what comes first in a row is what is copied."""
    lines = list(show.table([head, *rows]))
    if not sys.stdout.isatty():
        print("\n".join(lines))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    begin = lines[0].index(STATUS)
    for text, row in zip(lines, [head, *rows], strict=True):
        line = Text(text, "bold" if row is head else "")
        word = row[head.index(STATUS)]
        line.stylize(colours.get(word, ""), begin, begin + len(word))
        line.truncate(console.width, overflow="ellipsis")
        console.print(line)


def event_printer() -> Write:
    """Return what prints an event for people, at once."""
    if not sys.stdout.isatty():
        return lambda event: _print_plain(show_jobs.said(event))
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)

    def write(event: AnyEvent) -> None:
        if (said := show_jobs.said(event)) is not None:
            console.print(Text(*said))

    return write


def event_writer() -> Write:
    """Return what prints an event as a line of JSON, at once, as streams of the API have it."""
    return lambda event: print(codec.ascii_json(codec.to_json(event)).decode(), flush=True)


def _print_plain(said: tuple[str, str] | None) -> None:
    if said is not None:
        print(said[0], flush=True)
