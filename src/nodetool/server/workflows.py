"""HTTP for workflows: decode, hand over, encode. No decisions are made here."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from nodetool.protocol.answers import WorkflowList
from nodetool.protocol.documents import Workflow, WorkflowRequest
from nodetool.protocol.errors import PreconditionFailed
from nodetool.server.options import Options
from nodetool.server.ports import Workflows
from nodetool.server.requests import Query, Request, header, id_of, misfit, read_json, user_of
from nodetool.server.responses import Answer, Header, document, location
from nodetool.server.types import ASGIApp

T = TypeVar("T")

COLUMNS = Workflow.__struct_fields__

_request = msgspec.json.Decoder(WorkflowRequest)


class WorkflowRoutes:
    """The routes under ``/workflows`` that do not run anything."""

    def __init__(self, workflows: Workflows, options: Options) -> None:
        self._workflows = workflows
        self._max_body = options.max_body
        self._prefix = options.prefix

    async def page(self, request: Request) -> ASGIApp:
        """List workflows, newest first, as whole documents or only the parts that ``?columns=`` names."""
        query = Query(request)
        columns = columns_in(query)
        page = await self._workflows.page(
            user_of(request), limit=query.whole("limit", 100, 1, 1000), cursor=query.text("cursor") or ""
        )
        if columns is None:
            return document(WorkflowList(next=page.next, workflows=page.rows))
        parts = [{name: getattr(workflow, name) for name in columns} for workflow in page.rows]
        return document({"next": page.next, "workflows": parts})

    async def read(self, request: Request) -> ASGIApp:
        """Read a workflow with its findings."""
        return tagged(*await self._workflows.get(user_of(request), id_of(request)))

    async def create(self, request: Request) -> ASGIApp:
        """Store a new workflow."""
        asked = await read_json(request, _request, self._max_body)
        workflow, etag = await self._workflows.create(user_of(request), asked)
        return tagged(workflow, etag, location(f"{self._prefix}/workflows/{workflow.id}"))

    async def replace(self, request: Request) -> ASGIApp:
        """Store a workflow under this id, whether it is new or not."""
        asked = await read_json(request, _request, self._max_body)
        user, id = user_of(request), id_of(request)
        return tagged(*await matching(request, lambda etag: self._workflows.replace(user, id, asked, etag)))

    async def delete(self, request: Request) -> ASGIApp:
        """Remove a workflow. Its jobs stay."""
        user, id = user_of(request), id_of(request)
        await matching(request, lambda etag: self._workflows.delete(user, id, etag))
        return Answer(b"null")


def tagged(workflow: Workflow, etag: str, *headers: Header) -> Answer:
    return document(workflow, headers=((b"etag", f'"{etag}"'.encode()), *headers))


async def matching(request: Request, change: Callable[[str | None], Awaitable[T]]) -> T:
    """Make a change on the condition that ``If-Match`` states, if it states one."""
    given = header(request, b"if-match")
    if given is None:
        return await change(None)
    for etag in etags_in(given):
        try:
            return await change(etag)
        except PreconditionFailed:
            continue
    raise PreconditionFailed


def etags_in(value: str) -> list[str]:
    """Return the etags of an ``If-Match``, without quotes; a weak one never matches (RFC 9110, 13.1.1)."""
    return [tag.strip().strip('"') for tag in value.split(",") if not tag.strip().startswith("W/")]


def columns_in(query: Query) -> list[str] | None:
    """Return the parts that are asked for, ``id`` among them; None for all."""
    given = query.text("columns")
    if not given:
        return None
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        if name not in COLUMNS:
            raise misfit("columns", f"expected names of {', '.join(COLUMNS)}, got {name[:40]!r}")
    return list(dict.fromkeys(["id", *names]))
