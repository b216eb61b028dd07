"""A home that no server has: what is in it can be read and changed, and nothing runs."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from nodetool.app import Rooms, rooms_in
from nodetool.auth.identity import USER
from nodetool.cli import logs
from nodetool.cli.holder import Document
from nodetool.config import Config
from nodetool.protocol import codec
from nodetool.protocol.documents import WorkflowRequest
from nodetool.protocol.events import AnyEvent, Status
from nodetool.server.documents import job_document, job_list
from nodetool.server.options import Options
from nodetool.storage.home import Home

PREFIX = Options().prefix
"""What the paths in documents begin with: as a server of this home would write them."""

_request = msgspec.json.Decoder(WorkflowRequest)
_event: "msgspec.json.Decoder[AnyEvent]" = msgspec.json.Decoder(AnyEvent)


@asynccontextmanager
async def at_rest(home: Home, config: Config) -> AsyncIterator["Resting"]:
    """Open the rooms of a home that this process has, and give both back. Raises HomeTooNew, ImportFailed."""
    logs.set_up("error")
    with home:
        async with rooms_in(config, runs=False) as rooms:
            yield Resting(rooms)


class Resting:
    """See ``Holder``."""

    runs = False

    def __init__(self, rooms: Rooms) -> None:
        self._jobs = rooms.jobs
        self._workflows = rooms.workflows

    async def jobs(self, *, workflow_id: str | None, status: Status | None, limit: int, cursor: str) -> Document:
        page = await self._jobs.jobs(USER, workflow_id=workflow_id or None, status=status, limit=limit, cursor=cursor)
        return plain(job_list(page, PREFIX))

    async def job(self, id: str) -> Document:
        row = await self._jobs.job(USER, id)
        return plain(job_document(row, await self._jobs.ending(row), PREFIX))

    async def events(self, id: str, after: int = 0) -> AsyncGenerator[AnyEvent, None]:
        cursor = await self._jobs.events(USER, id, after)
        try:
            while (batch := await cursor.next()) is not None:
                for line in batch.lines().splitlines():
                    yield _event.decode(line)
        finally:
            cursor.close()

    async def profile(self, id: str) -> Document:
        return plain(await self._jobs.profile(USER, id))

    async def cancel(self, id: str) -> Document:
        row = await self._jobs.cancel(USER, id)
        return plain(job_document(row, await self._jobs.ending(row), PREFIX))

    async def retry(self, id: str) -> str:
        job = await self._jobs.retry(USER, id)
        await job.accepted()
        return job.id

    async def prune(self) -> int:
        return await self._jobs.prune()

    async def workflows(self, *columns: str) -> list[Document]:
        found: list[Document] = []
        cursor = ""
        while True:
            page = await self._workflows.page(USER, limit=1000, cursor=cursor)
            found += [chosen(plain(workflow), columns) for workflow in page.rows]
            if not (cursor := page.next):
                return found

    async def workflow(self, id: str) -> Document:
        workflow, _ = await self._workflows.get(USER, id)
        return plain(workflow)

    async def save(self, document: Document) -> Document:
        request = codec.from_json(codec.to_json(document), _request)
        id = document.get("id")
        saving = self._workflows.replace(USER, id, request, None) if id else self._workflows.create(USER, request)
        workflow, _ = await saving
        return plain(workflow)

    async def delete(self, id: str) -> None:
        await self._workflows.delete(USER, id, None)


def plain(answer: msgspec.Struct) -> Document:
    """Return an answer as a client of the API has it."""
    document: dict[str, Any] = msgspec.json.decode(codec.to_json(answer))
    return document


def chosen(document: Document, columns: tuple[str, ...]) -> Document:
    return {name: value for name, value in document.items() if name in columns} if columns else document
