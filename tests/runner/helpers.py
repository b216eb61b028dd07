"""Plans of graphs that a test writes, with the nodes of the library, of bench/ and of tests/pack.py."""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from nodetool.graph.catalogue import Catalogue
from nodetool.graph.document import read_graph
from nodetool.graph.version import Version, make_version
from nodetool.protocol import frames
from nodetool.protocol.codec import events_of
from nodetool.protocol.events import AnyEvent
from nodetool.runner.describe import index
from tests.graphs import Json

ROOT = Path(__file__).resolve().parents[2]
PACKS = [str(ROOT / "bench" / "nodes.py"), str(ROOT / "tests" / "pack.py")]


@cache
def catalogue() -> Catalogue:
    return Catalogue(index(PACKS))


def version(graph: Json) -> Version:
    """Plan a graph that has no findings."""
    source = msgspec.json.encode(graph)
    made = make_version(source, read_graph(source), catalogue())
    assert made.findings == []
    return made


def plan_frame(made: Version) -> frames.Plan:
    return frames.Plan(made.plan_hash, msgspec.Raw(made.plan_bytes))


def start_frame(made: Version, *, job_no: int = 1, attempt: int = 1, next_seq: int = 2, **params: Any) -> frames.Start:
    return frames.Start(job_no, attempt, next_seq, made.plan_hash, params, f"job{job_no}", "w")


def told(got: list[Any], job_no: int = 1) -> list[AnyEvent]:
    """Return the events of a job among frames."""
    batches = [frame for frame in got if isinstance(frame, frames.Events) and frame.job_no == job_no]
    return [event for batch in batches for event in events_of(batch.count, batch.data)]


def end_of(got: list[Any], job_no: int = 1) -> frames.End | None:
    """Return the end of a job among frames, if it has come."""
    found = [frame for frame in got if isinstance(frame, frames.End) and frame.job_no == job_no]
    assert len(found) <= 1
    return found[0] if found else None


async def eventually(condition: Callable[[], Any]) -> None:
    """Let the loop go round until *condition* holds; the test's own time limit ends it."""
    while not condition():
        await asyncio.sleep(0.002)
