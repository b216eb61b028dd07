"""What a run tells while it goes on: a live line for a person at a terminal, or every event for a program."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from nodetool.cli.local import Watch
from nodetool.jobs.cursor import Batch
from nodetool.protocol import codec
from nodetool.protocol.events import AnyEvent, LogUpdate, NodeProgress, NodeUpdate, Notification, Severity

STYLES: dict[Severity, str] = {"info": "dim", "warning": "yellow", "error": "red"}


@contextmanager
def on_terminal() -> Iterator[Watch]:
    """Give a watcher of events that keeps one live line on stderr, and above it what the nodes log."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    with console.status("starting") as line:

        def watch(batch: Batch) -> None:
            for event in codec.events_of(batch.count, batch.data):
                if words := said(event):
                    console.print(Text(words[0], STYLES[words[1]]))
                elif now := doing(event):
                    line.update(Text(now))

        yield watch


def lines(out: TextIO) -> Watch:
    """Return a watcher of events that writes each as a line of JSON."""

    def watch(batch: Batch) -> None:
        out.write(codec.json_lines(batch.count, batch.data, batch.flags).decode())
        out.flush()

    return watch


def doing(event: AnyEvent) -> str:
    """Return what the live line says from this event on; empty if it says what it said."""
    match event:
        case NodeProgress():
            return f"{event.node_name} ({event.node_id}): {event.progress} of {event.total}"
        case NodeUpdate(status="running"):
            return f"{event.node_name} ({event.node_id})"
    return ""


def said(event: AnyEvent) -> tuple[str, Severity] | None:
    """Return what is said above the live line."""
    match event:
        case LogUpdate():
            return f"{event.node_name} ({event.node_id}): {event.content}", event.severity
        case Notification():
            return f"{event.node_id}: {event.content}", event.severity
    return None
