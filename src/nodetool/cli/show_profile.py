"""Where the time of a job went, as people read it. Pure functions."""

from collections.abc import Iterator, Sequence

from nodetool.cli import show
from nodetool.cli.show_jobs import CELL, line
from nodetool.protocol.answers import JobProfile, NodeProfile

HEAD = ("NODE", "TYPE", "TOOK", "", "WAITED", "FIRED", "IN", "OUT")

ROWS = 40
"""Nodes that are shown: those that worked longest."""

BAR = 20
"""Characters of the bar of a node that took all of the job's time."""

WORK, WAIT = "█", "░"


def profile(found: JobProfile, most: int = ROWS) -> Iterator[str]:
    """Return a line for the job and one for each node, with a bar: how much of the job's time it worked and waited."""
    nodes = found.nodes
    whole = found.wall_ms or max((node.wall_ms for node in nodes), default=0.0)
    attempt = f", attempt {found.attempt}" if found.attempt > 1 else ""
    took = f" in {spell(found.wall_ms)}" if found.wall_ms is not None else ""
    yield f"{found.status}{took}{attempt}: {show.count(len(nodes), 'node')} fired"
    if nodes:
        yield from show.table([HEAD, *(_row(node, whole) for node in nodes[:most])])
    if len(nodes) > most:
        yield f"and {show.count(len(nodes) - most, 'node')} that worked no longer"


def spell(ms: float) -> str:
    """Return a duration with three digits, in the unit that fits it. Nothing is less than what is measured."""
    if ms == 0:
        return "< 1 ms"
    if ms < 1:
        return f"{ms * 1000:.0f} µs"
    number, unit = (ms, "ms") if ms < 1000 else (ms / 1000, "s")
    return f"{number:.{max(0, 3 - len(str(int(number))))}f} {unit}"


def bar(work: float, wait: float) -> str:
    """Return a bar for parts of the whole, 0 to 1."""
    end = round(min(work + wait, 1.0) * BAR)
    works = min(round(work * BAR), end)
    return (WORK * works + WAIT * (end - works)).ljust(BAR)


def _row(node: NodeProfile, whole: float) -> Sequence[str]:
    work = node.wall_ms - node.waiting_ms
    return (
        line(" / ".join((*node.path, node.node_id)), CELL),
        line(node.node_type, CELL),
        spell(node.wall_ms) if node.status != "running" else "…",
        bar(work / whole, node.waiting_ms / whole) if whole else "",
        spell(node.waiting_ms) if node.waiting_ms else "",
        str(node.firings) if node.firings else "",
        str(node.items_in),
        str(node.items_out),
    )
