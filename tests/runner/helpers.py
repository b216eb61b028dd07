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
from nodetool.runner.link import Link
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


class Ear:
    """Listens to runners, and keeps what it hears."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.printed: list[str] = []
        self.lost: list[Link] = []

    def on_frames(self, link: Link, got: list[frames.ToServer]) -> None:
        assert link not in self.lost, "frames after the loss"
        self.got += got

    def on_lost(self, link: Link) -> None:
        assert link not in self.lost, "lost twice"
        self.lost.append(link)

    def on_print(self, link: Link, line: str) -> None:
        self.printed.append(line)

    def of(self, kind: type[Any]) -> list[Any]:
        return [frame for frame in self.got if isinstance(frame, kind)]


def is_alive(pid: int) -> bool:
    """Say whether a process runs; one that has ended and was not asked for its status yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
