"""Graphs written in a line each, and what a run of them tells."""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Self

import msgspec

from nodetool.engine.bind import bind
from nodetool.engine.feeds import Feeds
from nodetool.engine.keep import Checkpoints
from nodetool.engine.pace import Room
from nodetool.engine.report import Reporter
from nodetool.engine.run import Run
from nodetool.engine.setups import Setups
from nodetool.engine.step import CAPACITY
from nodetool.engine.tape import Tape
from nodetool.graph.catalogue import Catalogue
from nodetool.graph.plan import Plan
from nodetool.graph.version import make_version
from nodetool.protocol.codec import events_of
from nodetool.protocol.descriptions import Index, Pack
from nodetool.protocol.documents import Embedded, Graph, GraphEdge, GraphNode
from nodetool.protocol.events import AnyEvent, EdgeUpdate, NodeUpdate
from nodetool.protocol.frames import End, RunLimits
from nodetool.sdk import registry
from nodetool.sdk.describe import describe
from nodetool.sdk.node import Node

LIBRARY = ("input", "output", "constant", "text", "control", "list", "dictionary", "base", "workflows")


def catalogue(extra: Iterable[type[Node]] = ()) -> Catalogue:
    """Return the standard library, and the classes of a test."""
    modules = [registry.import_module(f"nodetool.nodes.{name}") for name in LIBRARY]
    nodes = [*(node for module in modules for node in registry.nodes_in(module)), *extra]
    pack = Pack(name="test", nodes=[describe(node) for node in nodes])
    return Catalogue(Index(packs=[pack], hash="test"))


def node(id: str, type: str, sync_mode: str | None = None, **data: Any) -> GraphNode:
    return GraphNode(id=id, type=type, data=data, sync_mode=sync_mode)


def graph(nodes: list[GraphNode], *lines: str) -> Graph:
    return Graph(nodes=nodes, edges=edges(*lines))


def embedded(calls: dict[str, Graph]) -> dict[str, Embedded]:
    return {id: Embedded(name=id.title(), graph=graph) for id, graph in calls.items()}


def edges(*lines: str) -> list[GraphEdge]:
    """Read edges written ``a.output -> b.text``."""
    made = []
    for line in lines:
        source, target = (end.strip().split(".") for end in line.split("->"))
        made.append(GraphEdge(source=source[0], source_handle=source[1], target=target[0], target_handle=target[1]))
    return made


class Told(NamedTuple):
    """What a run told, and how it ended."""

    events: list[AnyEvent]
    end: End

    @property
    def result(self) -> Any:
        return msgspec.msgpack.decode(self.end.result)

    def of(self, node_id: str) -> list[str]:
        """Return the states that a node went through."""
        return [event.status for event in self.events if isinstance(event, NodeUpdate) and event.node_id == node_id]

    def drained(self) -> dict[str, int]:
        """Return how much each edge carried."""
        return {event.edge_id: event.counter for event in self.events if isinstance(event, EdgeUpdate)}


class Player:
    """Runs plans in this process, with the classes of a test beside the standard library."""

    def __init__(self, *extra: type[Node]) -> None:
        self.catalogue = catalogue(extra)
        self._classes = {(cls.__module__, cls.__qualname__): cls for cls in extra}
        self._pool = ThreadPoolExecutor(8)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    async def play(self, nodes: list[GraphNode], *lines: str, **options: Any) -> Told:
        """Run a graph: its nodes, and its edges written ``a.output -> b.text``."""
        return await self.run(self.plan(nodes, *lines), **options)

    def plan(self, nodes: list[GraphNode], *lines: str, calls: dict[str, Graph] | None = None) -> Plan:
        """Return the plan of a graph; *calls* has the workflows that it calls."""
        made = Graph(nodes=nodes, edges=edges(*lines), workflows=embedded(calls) if calls else None)
        version = make_version(b"{}", made, self.catalogue)
        assert version.findings == []
        assert version.plan
        return version.plan

    async def run(self, plan: Plan, params: dict[str, Any] | None = None, **options: Any) -> Told:
        """Run to the end, and see that no task and no thread is left."""
        run, taken = self.start(plan, params, **options)
        before = asyncio.all_tasks()
        end = await run.go()
        assert asyncio.all_tasks() == before
        assert not run.threads.at_work
        return Told(taken(), end)

    def start(
        self,
        plan: Plan,
        params: dict[str, Any] | None = None,
        *,
        max_result: int = 1 << 24,
        node_timeout: float = 0,
        checkpoints: Checkpoints | None = None,
        job_id: str = "job",
        attempt: int = 1,
        capacity: int = CAPACITY,
        room: Room = lambda _: None,
        setups: Setups | None = None,
        feeds: Feeds | None = None,
    ) -> tuple[Run, Callable[[], list[AnyEvent]]]:
        """Return a run that has not begun, and a function that gives its events."""
        report = reporter(job_id, attempt)
        run = Run(
            bind(plan, self.find),
            params or {},
            report,
            pool=self._pool,
            room=room,
            limits=RunLimits(max_result=max_result, node_timeout=node_timeout),
            checkpoints=checkpoints,
            capacity=capacity,
            setups=setups,
            feeds=feeds,
        )

        def taken() -> list[AnyEvent]:
            frame = report.tape.take()
            return events_of(frame.count, frame.data) if frame else []

        return run, taken

    def find(self, module: str, qualname: str, path: str | None) -> type[Node]:
        return self._classes.get((module, qualname)) or registry.find(module, qualname, path)


def reporter(job_id: str = "job", attempt: int = 1) -> Reporter:
    """Return a voice whose batches nobody fetches."""
    tape = Tape(job_no=1, attempt=attempt, next_seq=2, on_first=lambda _: None, on_full=lambda _: None)
    return Reporter(tape, job_id=job_id, workflow_id="w")


async def eventually(condition: Any) -> None:
    """Let the loop go round until *condition* holds; the test's own time limit ends it."""
    while not condition():
        await asyncio.sleep(0.001)
