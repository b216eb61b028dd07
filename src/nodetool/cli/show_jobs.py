"""Jobs and their events as people read them. Pure functions.

Times are shown in a *zone*; None is that of this machine.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, TypeVar

import msgspec

from nodetool.cli import show
from nodetool.cli.show import WIDTH
from nodetool.protocol.errors import NodetoolError
from nodetool.protocol.events import (
    AnyEvent,
    ChunkUpdate,
    EdgeUpdate,
    JobUpdate,
    LogUpdate,
    NodeProgress,
    NodeUpdate,
    Notification,
    OutputUpdate,
    PreviewUpdate,
    SaveUpdate,
    Severity,
)

HEAD = ("ID", "STATUS", "CREATED", "TOOK", "WORKFLOW", "ERROR")

INTERRUPTED = "interrupted"
"""Said of a job that runs again at the next start of a server."""

COLOURS = {
    "queued": "cyan",
    "running": "yellow",
    INTERRUPTED: "yellow",
    "completed": "green",
    "failed": "red",
    "cancelled": "magenta",
}

SEVERITIES: dict[Severity, str] = {"info": "", "warning": "yellow", "error": "red"}

MINUTES = len("2026-01-31 23:59")
"""Characters of a time in a table, where seconds are left out."""

CELL = 60
"""Characters of a text in a table."""


T = TypeVar("T")


class Misfit(NodetoolError):
    """What the server answers does not fit: it may be no server of this kind."""

    code = "misfit"


class Page(msgspec.Struct):
    """Some jobs, and the cursor of the next."""

    next: str
    jobs: list[dict[str, Any]]


class Shown(msgspec.Struct):
    """The parts of a job that people see; a server that is newer may know another status."""

    id: str
    workflow_id: str
    status: str
    attempt: int
    last_seq: int
    created_at: str
    started_at: str | None
    finished_at: str | None
    error: str | None


def row(document: Mapping[str, Any], now: datetime, *, runs: bool, zone: tzinfo | None = None) -> tuple[str, ...]:
    """Return a job as a row under HEAD; *runs*: there is a server that it may run on."""
    job = shown(document)
    return (
        job.id,
        status(job, runs=runs),
        moment(job.created_at, zone)[:MINUTES],
        took(job, now, runs=runs),
        line(job.workflow_id, CELL) or "(a graph)",
        line(job.error or "", CELL),
    )


def job(
    document: Mapping[str, Any], end: JobUpdate | None, now: datetime, *, runs: bool, zone: tzinfo | None = None
) -> Iterator[str]:
    """Return all that is to know about a job; *end* is its last event, if it failed, and *runs* as for ``row``."""
    found = shown(document)
    facts = [
        ("job", found.id),
        ("workflow", line(found.workflow_id, WIDTH) or "(a graph that was sent along)"),
        ("status", status(found, runs=runs)),
        ("attempts", str(found.attempt)),
        ("events", str(found.last_seq)),
        ("queued", moment(found.created_at, zone)),
        ("started", moment(found.started_at, zone)),
        ("finished", moment(found.finished_at, zone)),
        ("took", took(found, now, runs=runs)),
        *(faults(end) if end else [("error", line(found.error or "", WIDTH))]),
    ]
    yield from show.table([fact for fact in facts if fact[1]])
    yield from values("params", document.get("params") or {})
    if found.status == "completed":
        yield from values("result", document.get("result") or {})


def shown(document: Mapping[str, Any]) -> Shown:
    return fitted(document, Shown, "no job")


def fitted(document: Any, kind: type[T], otherwise: str) -> T:
    """Return what a server answered as what is asked for. Raises Misfit: it is something else."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise Misfit(f"what the server answers is {otherwise}: {error}") from error


def faults(end: JobUpdate) -> Iterator[tuple[str, str]]:
    """Return why a job failed, and the nodes that are at fault."""
    code = f" [{end.code}]" if end.code else ""
    yield "error", f"{line(end.error or '', WIDTH)}{code}"
    for fault in end.errors or ():
        handle = f", handle {line(fault.handle, CELL)}" if fault.handle else ""
        told = f": {line(fault.message, WIDTH)}" if fault.message != end.error else ""
        yield ("node", f"{line(fault.node_id, CELL)}{handle}{told}") if fault.node_id else ("fault", told[2:])


def values(title: str, found: Mapping[str, Any]) -> Iterator[str]:
    """Return a section with a line for each value, as much of it as fits."""
    yield from show.section(title, [(line(name, CELL), short(value)) for name, value in found.items()])


def said(event: AnyEvent, zone: tzinfo | None = None) -> tuple[str, str] | None:
    """Return an event as a line and its style; None for what edges carried, which only programs want to know."""
    told = _told(event)
    if told is None:
        return None
    at = datetime.fromtimestamp(event.time / 1000, zone)
    return f"{at:%Y-%m-%d %H:%M:%S}.{event.time % 1000:03d}  {told[0]}", told[1]


def _told(event: AnyEvent) -> tuple[str, str] | None:
    match event:
        case EdgeUpdate():
            return None
        case JobUpdate():
            return _job_told(event), COLOURS[event.status]
        case NodeUpdate():
            error = f": {line(event.error, WIDTH)}" if event.error else ""
            return f"{_node(event)} {event.status}{error}", "red" if error else ""
        case OutputUpdate():
            return f"output {line(event.output_name, CELL)}: {short(event.value)}", ""
        case PreviewUpdate():
            return f"preview {line(event.node_id, CELL)}: {short(event.value)}", ""
        case NodeProgress():
            return f"{_node(event)} {event.progress} of {event.total}", "dim"
        case LogUpdate():
            return f"{_node(event)} {event.severity}: {line(event.content)}", SEVERITIES[event.severity]
        case Notification():
            return f"{line(event.node_id, CELL)} {event.severity}: {line(event.content)}", SEVERITIES[event.severity]
        case ChunkUpdate():
            return f"{line(event.node_id, CELL)} chunk: {short(event.content)}", "dim"
        case SaveUpdate():
            return f"{_node(event)} saved {line(event.name, CELL)}", ""


def _job_told(event: JobUpdate) -> str:
    attempt = f", attempt {event.attempt}" if event.attempt > 1 and event.status in ("queued", "running") else ""
    why = f": {blame(event)}" if event.error or event.message else ""
    code = f" [{event.code}]" if event.code else ""
    return f"job {event.status}{attempt}{why}{code}"


def blame(event: JobUpdate) -> str:
    """Return why a job ended or is queued again, with the node if one is at fault."""
    node = next((fault.node_id for fault in event.errors or () if fault.node_id), None)
    why = event.error or event.message or f"the job {event.status}"
    return line(f"node {node} failed: {why}" if node else why)


def _node(event: NodeUpdate | NodeProgress | LogUpdate | SaveUpdate) -> str:
    return f"{line(event.node_name, CELL)} ({line(event.node_id, CELL)})"


def short(value: Any, width: int = WIDTH) -> str:
    """Return a value in a line: text as it is, all else as JSON; if it is long its beginning, and how long it is."""
    text = value if isinstance(value, str) else show.as_json(value)
    shown = line(text[: width * 2])
    if len(text) <= width * 2 and len(shown) <= width:
        return shown
    return f"{shown[:width]}… ({len(text):,} characters)"


def line(text: str, width: int | None = None) -> str:
    """Return *text* in one line, without what a terminal would take for a command, and not longer than *width*."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return shown if width is None or len(shown) <= width else f"{shown[: width - 1]}…"


def moment(text: str | None, zone: tzinfo | None) -> str:
    """Return a time of the API for people."""
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S}" if text else ""


def status(job: Shown, *, runs: bool) -> str:
    """Return where a job stands. One that was running when its server was killed does not run."""
    return INTERRUPTED if job.status == "running" and not runs else job.status


def took(job: Shown, now: datetime, *, runs: bool) -> str:
    """Return how long a job has run; with dots behind it if it still does."""
    if not job.started_at:
        return ""
    begin = datetime.fromisoformat(job.started_at)
    if job.finished_at:
        return spell(datetime.fromisoformat(job.finished_at) - begin)
    return f"{spell(max(now - begin, timedelta()))} …" if job.status == "running" and runs else ""


def spell(duration: timedelta) -> str:
    """Return a duration in the units that fit it."""
    seconds = duration.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"
