"""The people who use the server: they start, follow, cancel, come again and leave, as it pleases them.

Each does with the jobs what the routes do for a client, and tells the laws what it was shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from nodetool.jobs.cursor import Cursor
from nodetool.jobs.job import Job
from nodetool.jobs.service import Jobs
from nodetool.protocol.errors import (
    Conflict,
    HasFindings,
    IdempotencyMismatch,
    NotFound,
    Pruned,
    QueueFull,
    ShuttingDown,
    StorageFailed,
    StorageFull,
)
from nodetool.protocol.events import ENDED
from nodetool.storage.port import KEPT_US, Once
from tests.jobs.simulation.chance import Chance
from tests.jobs.simulation.laws import Laws, law

USER = "1"
WORKFLOWS = ("shared", "alone", "heavy", "heavy", "passing", "quick", "quick")
KEYS = ("a", "b", "c")

REFUSALS = (
    Conflict,
    HasFindings,
    IdempotencyMismatch,
    NotFound,
    Pruned,
    QueueFull,
    ShuttingDown,
    StorageFailed,
    StorageFull,
)
"""What people may be told; another error is a fault of the server."""


class Scene(Protocol):
    """Where people are."""

    chance: Chance
    laws: Laws

    def note(self, text: str) -> None: ...

    def expect_end(self, no: int) -> None:
        """Somebody was told that a job's cancel is recorded."""
        ...


class Memory:
    """What people know, also of servers before this one."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.proposed: list[str] = []
        self.keys: dict[str, Job] = {}
        """What was started by each key."""


class People:
    """Everybody who is here while one server lives."""

    def __init__(self, scene: Scene, jobs: Jobs, memory: Memory) -> None:
        self._scene = scene
        self._jobs = jobs
        self._chance = scene.chance
        self._laws = scene.laws
        self._memory = memory
        self._habits: tuple[Callable[[str], Awaitable[None]], ...] = (self.follow, self.cancel, self.look, self.retry)

    async def come(self) -> None:
        """Be somebody, for once."""
        try:
            if self._memory.ids and self._chance.happens(0.6):
                id = self._chance.pick(self._memory.ids[-5:])
                with self._still_there(id):
                    await self._chance.pick(self._habits)(id)
            else:
                await self.start()
        except REFUSALS as refused:
            self._scene.note(f"somebody is told {refused.code}")

    # What they do.

    async def start(self) -> None:
        chance, proposed = self._chance, self._memory.proposed
        id = once = None
        if chance.happens(0.2):
            id = chance.pick([f"{chance.upto(1 << 62):032x}", *proposed[-2:]])
            proposed.append(id)
        if chance.happens(0.2):
            once = Once(key=chance.pick(KEYS), route="POST", body=chance.pick((b"1", b"1", b"2")))
            id = chance.pick((id, once.key.rjust(32, "0")))
        merges = chance.happens(0.5)
        job = await self._jobs.start(USER, chance.pick(WORKFLOWS), {"text": "hi"}, id=id, once=once, merges=merges)
        self._scene.note(f"job {job.no} comes" + " by its key" * bool(once) + " with its id" * bool(id))
        if once:
            self._came_once(once.key, job)
        await self._watch(job)

    async def retry(self, id: str) -> None:
        await self._watch(await self._jobs.retry(USER, id))

    async def follow(self, id: str) -> None:
        """Read a job from some event on that is known to be there."""
        shown = self._laws.shown.get(id)  # not, if the job was pruned and its id is taken anew just now
        after = self._chance.upto(len(shown.events) if shown else 0)
        await self._read(id, await self._jobs.events(USER, id, after), after)

    async def cancel(self, id: str) -> None:
        """Cancel a job, perhaps twice at once."""
        await asyncio.gather(*[self._cancel(id) for _ in range(self._chance.pick((1, 1, 2)))])

    async def look(self, id: str) -> None:
        row = await self._jobs.job(USER, id)
        if row.status in ENDED:
            ending = await self._jobs.ending(row)
            law(ending is None or ending.status == row.status, "the end is that of the row")
            self._laws.ended(id, row.status)

    async def read_all(self) -> None:
        """Read every job that is there from its first event to its last."""
        for id in [stored.row.id for stored in self._laws.stored.values()]:
            with self._still_there(id):
                await self._read(id, await self._jobs.events(USER, id, 0), 0, patience=1.0)

    # How they do it.

    @contextmanager
    def _still_there(self, id: str) -> Iterator[None]:
        """A job that somebody knows is gone only if it was deleted."""
        try:
            yield
        except (NotFound, Pruned):
            law(id in self._laws.pruned, "a job that was shown is gone only if it was deleted")

    async def _cancel(self, id: str) -> None:
        row = await self._jobs.cancel(USER, id)
        self._scene.note(f"job {row.no} is cancelled: {row.status}")
        self._laws.cancelled(row)
        self._scene.expect_end(row.no)

    async def _watch(self, job: Job) -> None:
        """See a job through, or only to its start."""
        match self._chance.upto(2):
            case 0:
                ending = await job.wait()
                self._met(job)
                self._laws.ended(job.id, ending.status)
            case 1:
                await job.accepted()
                self._met(job)
                await self._read(job.id, job.events(), 0)
            case _:
                await job.accepted()
                self._met(job)

    async def _read(self, id: str, cursor: Cursor, after: int, patience: float = 0.95) -> None:
        """Read on to the end, or until patience is over."""
        try:
            while (batch := await cursor.next()) is not None:
                self._laws.read(id, after, batch)
                after = batch.last_seq
                if not self._chance.happens(patience):
                    return
                if self._chance.happens(0.3):
                    await asyncio.sleep(self._chance.pause() * self._chance.pick((1, 1, 5)))
            law(self._laws.has_ended(id, after), "nothing more is said only behind the terminal event")
        finally:
            cursor.close()

    def _met(self, job: Job) -> None:
        self._laws.accepted(job.id)
        if job.id not in self._memory.ids:
            self._memory.ids.append(job.id)

    def _came_once(self, key: str, job: Job) -> None:
        self._laws.accepted(job.id)
        first = self._memory.keys.setdefault(key, job)
        if abs(first.created_us - job.created_us) < KEPT_US:
            law(first.id == job.id, "a request that comes again starts nothing")
        else:
            self._memory.keys[key] = job
