"""How the server of a world is put together, from its real parts or from some that have a fault on purpose."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import msgspec

from nodetool.graph.catalogue import Catalogue
from nodetool.jobs.clock import Clock
from nodetool.jobs.policy import Policy
from nodetool.jobs.retention import Keep
from nodetool.jobs.secrets import Secrets
from nodetool.jobs.service import Jobs
from nodetool.jobs.supervisor import Supervisor
from nodetool.jobs.workflows import Workflows
from nodetool.jobs.workspaces import Workspaces
from nodetool.protocol.descriptions import Index
from nodetool.protocol.documents import WorkflowRequest
from nodetool.protocol.errors import NotFound, StorageFailed, StorageFull
from nodetool.runner.link import Link, Listener
from nodetool.storage.port import Op, Outcome, Reader
from nodetool.storage.reader import SqliteReader
from nodetool.storage.seal import Seal
from tests.graphs import through
from tests.jobs.simulation.chance import Chance, Faults
from tests.jobs.simulation.disk import SQL, Disk, DiskWriter
from tests.jobs.simulation.people import USER
from tests.runner.helpers import catalogue

NOWHERE = Path("/nowhere")
"""No node of a world asks for a folder."""

GRAPHS = {
    "shared": through("bench.nodes.Sleep"),
    "alone": through("bench.nodes.BlockingSleep"),
    "heavy": through("bench.nodes.Busy"),
    "passing": through("tests.Talk"),
    "quick": through("nodetool.text.Concat", "a"),
}


@dataclass(frozen=True)
class Parts:
    """What may be another one."""

    jobs: type[Jobs] = Jobs
    supervisor: type[Supervisor] = Supervisor
    writer: type[DiskWriter] = DiskWriter
    reader: Callable[[Reader], Any] = lambda reader: reader


@cache
def later_types() -> Catalogue:
    """Return the types of a later program, which has lost a pack."""
    return Catalogue(Index(packs=[pack for pack in catalogue().packs if pack.name != "pack"], hash="later"))


def policy(chance: Chance) -> Policy:
    return Policy(
        max_attempts=1 + chance.upto(2),
        max_queue=chance.pick((0, 0, 3)),
        max_events=chance.pick((0, 0, 12)),
        job_timeout=chance.pick((0.0, 0.0, 2.0)),
        memory_per_runner=chance.pick((0, 100)),
        recycle=chance.pick((0, 2, 4)),
        stall=chance.pick((0.0, 2.0)),
        cores=1,
    )


def keep(chance: Chance) -> Keep:
    return Keep(days=chance.pick((0.0, 30.0)), jobs=chance.pick((0, 0, 5)))


class Around(Clock, Protocol):
    """What a server stands in."""

    chance: Chance
    faults: Faults
    disk: Disk
    policy: Policy
    keep: Keep

    def note(self, text: str) -> None: ...

    def trouble(self) -> None: ...

    def committed(self, ops: list[Op], outcomes: list[Outcome]) -> None: ...

    def connect(self, listener: Listener) -> Link: ...


class Server:
    """One life of a server, put together as ``app.py`` does."""

    def __init__(self, around: Around, parts: Parts) -> None:
        disk, chance, faults = around.disk, around.chance, around.faults
        self._writer = parts.writer(disk, chance, faults, around.committed, around.note, around.trouble)
        reader = parts.reader(SqliteReader(disk.connection, disk.connection, SQL))
        types = later_types() if chance.happens(faults.types_vanish) else catalogue()
        self._workflows = Workflows(self._writer, reader, types, now_us=around.now_us)
        self.jobs = parts.jobs(
            self._workflows,
            self._writer,
            reader,
            around.connect,
            secrets=Secrets(self._writer, reader, Seal(lambda: ["k" * 32]), now_us=around.now_us),
            workspaces=Workspaces(NOWHERE),
            clock=around,
            policy=around.policy,
            keep=around.keep,
            supervisor=parts.supervisor,
        )

    async def open(self) -> None:
        await self.jobs.open()
        for name in GRAPHS:
            await self._save(name)

    async def stop(self, seconds: float) -> None:
        """Let runs go on for some seconds, then kill them; commit what waits."""
        await self.jobs.finish(seconds)
        await self.jobs.stop()
        with suppress(StorageFull, StorageFailed):
            await self._writer.append([])

    async def _save(self, name: str) -> None:
        """Store a workflow, unless it is there already."""
        try:
            await self._workflows.ready(USER, name)
        except NotFound:
            request = WorkflowRequest(name=name, graph=msgspec.Raw(msgspec.json.encode(GRAPHS[name])))
            with suppress(StorageFull, StorageFailed):
                await self._workflows.replace(USER, name, request, None)

    def leftovers(self) -> dict[str, object]:
        """Return what it still holds of jobs."""
        dispatcher = self.jobs._supervisor.dispatcher
        held: dict[str, object] = {
            "live": self.jobs._live,
            "queued": dispatcher.queued,
            "credits": dispatcher._credits._open,
            "active": [no for runner in dispatcher.runners for no in runner.active],
            "at work": sum(dispatcher.runners._at_work.values()),
            **self.unsettled(),
        }
        return {name: value for name, value in held.items() if value}

    def unsettled(self) -> dict[str, object]:
        """Return what is not committed yet."""
        log = self.jobs._supervisor.log
        held = {"failed": log._failed, "waiting": log._waiting, "on its way": log._open}
        return {name: value for name, value in held.items() if value}
