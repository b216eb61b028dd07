"""Deletes jobs that ended long ago, and those beyond a number; then what nothing refers to any more.

A pass at the start and one every hour, in small transactions with pauses between them: no run waits long for one.

A job leaves its graph out where it is known to be stored. So before graphs are looked at, that knowledge is dropped:
from then on every job brings its graph along. Those before it are committed when the look begins, and seen by it; those
after it have higher numbers, and the transaction that deletes spares their graphs.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import structlog

from nodetool.protocol.errors import NodetoolError
from nodetool.storage.port import KEPT_US, Done, DropGraphs, Expire, Outcome, Prune, Reader, Sweep, Writer

EVERY = 3600.0
"""Seconds between two passes."""

PAUSE = 0.01
"""Seconds that others have the database for themselves between two transactions."""

JOBS, BATCHES, BYTES = 100, 100, 1 << 20
"""What one transaction deletes at most; it takes some milliseconds."""

PAGE = 5000

DAY_US = 24 * 3600 * 1_000_000
TOMBSTONES_US = 90 * DAY_US

_log = structlog.get_logger()


class Keep(msgspec.Struct, frozen=True, kw_only=True):
    """How long jobs are kept after their end. 0 keeps them for ever."""

    days: float = 30.0
    jobs: int = 100_000
    """So many of the newest."""


class Retention:
    """A task over the database. *unpin* forgets which graphs are known to be stored."""

    def __init__(
        self, writer: Writer, reader: Reader, keep: Keep, *, now_us: Callable[[], int], unpin: Callable[[], None]
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._keep = keep
        self._now_us = now_us
        self._unpin = unpin
        self._pass = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def prune(self) -> int:
        """Delete all whose time is over; return the number of jobs.

        Raises:
            StorageFailed, StorageFull: what is left goes next time.
        """
        async with self._pass:
            pruned = await self._prune_jobs()
            await self._until_none(Sweep(batches=BATCHES, bytes=BYTES))
            if pruned:
                await self._drop_graphs()
            await self._until_none(self._expire())
        return pruned

    async def _run(self) -> None:
        while True:
            try:
                if pruned := await self.prune():
                    _log.info("jobs.pruned", jobs=pruned)
            except NodetoolError as error:
                _log.warning("retention.failed", error=error.detail)
            await asyncio.sleep(EVERY)

    async def _prune_jobs(self) -> int:
        now_us = self._now_us()
        before_us = now_us - round(self._keep.days * DAY_US) if self._keep.days else 0
        excess = await self._reader.ended_count() - self._keep.jobs if self._keep.jobs else 0
        after_no = seen = pruned = 0
        while rows := await self._reader.oldest_ended(after_no, limit=JOBS):
            jobs = overdue(rows, before_us, excess - seen)
            if not jobs:  # older jobs have lower numbers
                break
            await self._apply(Prune(jobs=jobs, now_us=now_us))
            after_no, _ = rows[-1]
            seen += len(rows)
            pruned += len(jobs)
        return pruned

    async def _drop_graphs(self) -> None:
        self._unpin()
        after_no = self._writer.next_no()
        await self._writer.append([])
        pinned = await self._pinned()
        last = ""
        while page := await self._reader.graph_hashes(last, limit=PAGE):
            last = page[-1]
            loose = [hash for hash in page if hash not in pinned]
            for start in range(0, len(loose), JOBS):
                await self._apply(DropGraphs(hashes=loose[start : start + JOBS], after_no=after_no))

    async def _pinned(self) -> set[str]:
        """Return the hashes of all graphs that a job refers to."""
        pinned: set[str] = set()
        last = 0
        while page := await self._reader.pins(last, limit=PAGE):
            last, _ = page[-1]
            pinned.update(hash for _, hash in page)
        return pinned

    def _expire(self) -> Expire:
        now_us = self._now_us()
        return Expire(requests_us=now_us - KEPT_US, tombstones_us=now_us - TOMBSTONES_US, limit=JOBS)

    async def _until_none(self, op: Sweep | Expire) -> None:
        while isinstance(await self._apply(op), Done):
            pass

    async def _apply(self, op: Prune | Sweep | DropGraphs | Expire) -> Outcome:
        (outcome,) = await self._writer.append([op])
        await asyncio.sleep(PAUSE)
        return outcome


def overdue(rows: Sequence[tuple[int, int]], before_us: int, excess: int) -> list[int]:
    """Return the numbers of the jobs that are to go: the first *excess* of them, and those that ended too early."""
    return [no for place, (no, ended_us) in enumerate(rows) if place < excess or ended_us < before_us]
