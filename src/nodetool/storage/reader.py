"""Reads of what is committed, on connections that cannot write.

One row by its key is read in the loop: that takes microseconds, and a hop to a thread four times as long. Lists and
pages of events are read on a thread.
"""

import asyncio
import sqlite3
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from nodetool.protocol.codec import split
from nodetool.protocol.errors import StorageFailed
from nodetool.protocol.ids import normal_id
from nodetool.storage.changes import repeated
from nodetool.storage.cursors import from_cursor, to_cursor
from nodetool.storage.keys import LAST_SEQ, keys
from nodetool.storage.packing import unpack
from nodetool.storage.port import Batch, Fed, JobRow, Kept, Once, Page, Refused, Sofar, TokenRow, WorkflowRow
from nodetool.storage.queries import Queries
from nodetool.storage.sealed import ParamsRow, SecretRow

T = TypeVar("T")

JOBS = "j"
WORKFLOWS = "w"


class SqliteReader:
    """Two connections: *point* belongs to the loop, *paged* to this reader's thread."""

    def __init__(self, point: sqlite3.Connection, paged: sqlite3.Connection, sql: Queries) -> None:
        self._point = point
        self._paged = paged
        self._sql = sql
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nodetool-reader")

    async def workflow(self, id: str) -> WorkflowRow | None:
        """Return the workflow, whoever owns it."""
        row = self._one("workflow", id)
        return None if row is None else workflow_row(row)

    async def token(self, hash: bytes) -> TokenRow | None:
        """Return the token with this hash, also one whose time is over."""
        row = self._one("token", hash)
        return None if row is None else token_row(row)

    async def token_by_id(self, id: str) -> TokenRow | None:
        """Return the token, whoever owns it."""
        row = self._one("token_by_id", id)
        return None if row is None else token_row(row)

    async def tokens(self, user: str) -> list[TokenRow]:
        """Newest first."""
        return [token_row(row) for row in await self._in_thread(self._all, "tokens_of", user)]

    async def job(self, id: str) -> JobRow | None:
        """Return the job, whoever owns it; the id may have dashes."""
        hex_id = normal_id(id)
        row = None if hex_id is None else self._one("job", bytes.fromhex(hex_id))
        return None if row is None else job_row(row)

    async def repeated(self, user: str, once: Once, *, since_us: int) -> Refused | None:
        """Return how an Accept with *once* would be refused, None if no such request came since."""
        return repeated(self._one("request", user, once.key, once.route, since_us), once)

    async def pruned(self, id: str) -> str | None:
        """Return the user of a job that was pruned."""
        hex_id = normal_id(id)
        row = None if hex_id is None else self._one("tombstone", bytes.fromhex(hex_id))
        return None if row is None else row[0]

    async def graph(self, hash: str) -> bytes | None:
        """Return the JSON of a graph that some job pinned."""
        row = self._one("graph", hash)
        return None if row is None else row[0]

    async def checkpoints(self, no: int) -> list[Kept]:
        """Return all that is kept of a job."""
        return [Kept(*row) for row in await self._in_thread(self._all, "checkpoints", no)]

    async def inputs(self, no: int, after: int, *, limit: int) -> list[Fed]:
        """Return what came in for a job behind the item numbered *after*, in order."""
        first, last = keys(no)
        rows = await self._in_thread(self._all, "inputs", first + after + 1, last, limit)
        return [Fed(at & LAST_SEQ, name, data) for at, name, data in rows]

    def inputs_so_far(self, no: int) -> list[Sofar]:
        """Return what came in for each input of a job. Read in the loop: it is asked once an attempt."""
        try:
            rows = self._point.execute(self._sql["inputs_so_far"], keys(no)).fetchall()
        except sqlite3.Error as error:
            raise StorageFailed("The database cannot be read.") from error
        return [Sofar(name, items, bool(ends), last & LAST_SEQ) for name, items, ends, last in rows]

    async def last_event(self, no: int) -> bytes | None:
        """Return the last stored event of a job as one MessagePack map; None while there is only the first, its row."""
        row = self._one("last_batch", *keys(no))
        if row is None:
            return None
        count, flags, data = row
        return bytes(split(count, unpack(flags, data)[1])[-1])

    async def workflows(self, user: str, *, limit: int, cursor: str, max_bytes: int) -> Page[WorkflowRow]:
        """Newest first; stops early once the documents of the page hold *max_bytes*."""
        before = from_cursor(WORKFLOWS, cursor)
        return await self._in_thread(self._workflows, user, before, limit, max_bytes)

    async def jobs(
        self, user: str, *, limit: int, cursor: str, workflow_id: str | None = None, status: str | None = None
    ) -> Page[JobRow]:
        """Newest first, with empty params."""
        before = from_cursor(JOBS, cursor)
        query = "jobs_page" if status in (None, "completed") else "jobs_page_by_status"
        rows = await self._in_thread(self._all, query, user, before, workflow_id, status, limit + 1)
        more = to_cursor(JOBS, rows[limit - 1][0]) if len(rows) > limit else ""
        return Page([job_row(row) for row in rows[:limit]], more)

    async def unfinished(self) -> list[JobRow]:
        """Every job that has not ended, oldest first."""
        return [job_row(row) for row in await self._in_thread(self._all, "unfinished")]

    async def events(self, no: int, after: int, *, limit: int, max_bytes: int) -> list[Batch]:
        """Return the batches with events beyond *after*, from the one that holds ``after + 1``."""
        if after >= LAST_SEQ:
            return []
        return await self._in_thread(self._events, no, max(after, 0), limit, max_bytes)

    async def secrets(self, user: str) -> list[SecretRow]:
        """Return the secrets of a user, by name."""
        return [secret_row(row) for row in await self._in_thread(self._all, "secrets", user)]

    def secret(self, user: str, name: str) -> bytes | None:
        """Return a sealed secret, read in the loop."""
        try:
            row = self._one("secret", user, name)
        except sqlite3.Error as error:
            raise StorageFailed("The database cannot be read.") from error
        return None if row is None else row[0]

    async def all_secrets(self) -> list[SecretRow]:
        """Return the secrets of every user."""
        return [secret_row(row) for row in await self._in_thread(self._all, "all_secrets")]

    async def params_with(self, after_no: int, mark: bytes, *, limit: int) -> list[ParamsRow]:
        """Return params in which *mark* stands, by the number of their job."""
        rows = await self._in_thread(self._all, "params_with", after_no, mark, limit)
        return [ParamsRow(no=no, job_id=id.hex(), params=params) for no, id, params in rows]

    async def ended_count(self) -> int:
        """Return how many jobs have ended."""
        ((count,),) = await self._in_thread(self._all, "ended_count")
        return int(count)

    async def oldest_ended(self, after_no: int, *, limit: int) -> list[tuple[int, int]]:
        """Return number and end (in microseconds) of ended jobs, by number."""
        return await self._in_thread(self._all, "oldest_ended", after_no, limit)

    async def pins(self, after_no: int, *, limit: int) -> list[tuple[int, str]]:
        """Return number and graph hash of jobs, by number."""
        return await self._in_thread(self._all, "pins", after_no, limit)

    async def graph_hashes(self, after: str, *, limit: int) -> list[str]:
        """Return the hashes of stored graphs, in their order."""
        return [hash for (hash,) in await self._in_thread(self._all, "graph_hashes", after, limit)]

    async def close(self) -> None:
        """Wait for the reads that are under way, and take no more."""
        await asyncio.to_thread(self._thread.shutdown)
        self._paged.close()
        self._point.close()

    async def _in_thread(self, read: Callable[..., T], *args: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, partial(read, *args))
        except (sqlite3.Error, zlib.error) as error:
            raise StorageFailed("The database cannot be read.") from error

    def _one(self, query: str, *values: object) -> Any:
        return self._point.execute(self._sql[query], values).fetchone()

    def _all(self, query: str, *values: object) -> list[Any]:
        return self._paged.execute(self._sql[query], values).fetchall()

    def _workflows(self, user: str, before: int, limit: int, max_bytes: int) -> Page[WorkflowRow]:
        cursor = self._paged.execute(self._sql["workflows_page"], (user, before, limit + 1))
        try:
            return page_of_workflows(cursor, limit, max_bytes)
        finally:
            cursor.close()  # a statement that is not at its end would keep the log from starting over

    def _events(self, no: int, after: int, limit: int, max_bytes: int) -> list[Batch]:
        first, last = keys(no)
        cursor = self._paged.execute(self._sql["batches"], (first, first | (after + 1), last))
        try:
            return page_of_batches(cursor, after, limit, max_bytes)
        finally:
            cursor.close()


def page_of_batches(rows: Iterable[Any], after: int, limit: int, max_bytes: int) -> list[Batch]:
    """Take batches until they hold *limit* events beyond *after*, or *max_bytes*."""
    batches: list[Batch] = []
    size = 0
    for at, count, *stored in rows:
        first_seq = at & LAST_SEQ
        end = first_seq + count - 1
        if end <= after:  # the job has nothing beyond
            continue
        flags, data = unpack(*stored)
        batches.append(Batch(first_seq=first_seq, count=count, flags=flags, data=data))
        size += len(data)
        if end - after >= limit or size >= max_bytes:
            break
    return batches


def page_of_workflows(rows: Iterable[Any], limit: int, max_bytes: int) -> Page[WorkflowRow]:
    """Take *limit* workflows, or fewer once their documents hold *max_bytes*."""
    taken: list[WorkflowRow] = []
    size = no = 0
    for row in rows:
        if len(taken) == limit or (taken and size >= max_bytes):
            return Page(taken, to_cursor(WORKFLOWS, no))
        no = row[0]
        taken.append(workflow_row(row))
        size += len(taken[-1].document)
    return Page(taken, "")


def workflow_row(row: Any) -> WorkflowRow:
    """Return the columns of the query ``workflow`` under their names."""
    _, id, user, document, findings, schemas, etag, created_us, updated_us = row
    return WorkflowRow(
        id=id,
        user=user,
        document=document,
        findings=findings,
        schemas=schemas,
        etag=etag,
        created_us=created_us,
        updated_us=updated_us,
    )


def token_row(row: Any) -> TokenRow:
    """Return the columns of the query ``token`` under their names."""
    id, hash, user, name, prefix, scopes, workflow_id, created_us, expires_us, used_us = row
    return TokenRow(
        id=id,
        hash=hash,
        user=user,
        name=name,
        prefix=prefix,
        scopes=scopes.split(),
        workflow_id=workflow_id,
        created_us=created_us,
        expires_us=expires_us,
        used_us=used_us,
    )


def secret_row(row: Any) -> SecretRow:
    """Return the columns of the query ``secrets`` under their names."""
    user, name, sealed, updated_us = row
    return SecretRow(user=user, name=name, sealed=sealed, updated_us=updated_us)


def job_row(row: Any) -> JobRow:
    """Return the columns of the query ``job`` under their names."""
    return JobRow(
        no=row[0],
        id=row[1].hex(),
        user=row[2],
        workflow_id=row[3],
        graph_hash=row[4],
        status=row[5],
        attempt=row[6],
        last_seq=row[7],
        cancel_requested=bool(row[8]),
        failures=row[9],
        params=row[10],
        error=row[11],
        created_us=row[12],
        started_us=row[13],
        finished_us=row[14],
    )
