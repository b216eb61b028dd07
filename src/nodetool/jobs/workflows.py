"""The stored workflows: saved with their findings, and made ready to run once a version."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, TypeVar

import msgspec

from nodetool.graph.calls import MAX_CALLED, Source, called_ids, embedded
from nodetool.graph.catalogue import Catalogue
from nodetool.graph.document import Limits, read_graph
from nodetool.graph.schemas import input_schema_of, output_schema_of
from nodetool.graph.version import Version, look_at
from nodetool.protocol import codec
from nodetool.protocol.documents import Finding, Graph, Workflow, WorkflowRequest
from nodetool.protocol.errors import Fault, InvalidRequest, NotFound, PreconditionFailed
from nodetool.protocol.ids import new_id
from nodetool.protocol.times import rfc3339
from nodetool.storage.port import DeleteWorkflow, Outcome, Page, Reader, Refused, SaveWorkflow, WorkflowRow, Writer

CACHED = 1024
"""Versions that stay ready to run."""

LARGE = 256 * 1024
"""Bytes of a graph's JSON from which it is checked in a thread, so that the loop goes on."""

PAGE_BYTES = 16 << 20
"""The documents of one page of a list, at most."""


CALLS = b'"workflow_id"'
"""What stands in every document whose nodes call others."""

PUBLIC = "public"
"""The access of a workflow that others may read and run; only its owner changes it."""


T = TypeVar("T")


class Schemas(msgspec.Struct):
    """What a workflow takes and gives, as JSON Schema."""

    input: msgspec.Raw
    output: msgspec.Raw


class Ready(NamedTuple):
    """A version of a stored workflow, and who may run it."""

    user: str
    is_public: bool
    version: Version


_document = msgspec.json.Decoder(WorkflowRequest)
_findings = msgspec.json.Decoder(list[Finding])
_schemas = msgspec.json.Decoder(Schemas)


class Workflows:
    """Workflows of all users. Another user's do not exist for a caller, unless they are public: those may be read."""

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        catalogue: Catalogue,
        *,
        now_us: Callable[[], int],
        limits: Limits | None = None,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._catalogue = catalogue
        self._now_us = now_us
        self._limits = limits or Limits()
        self._ready: OrderedDict[str, Ready] = OrderedDict()
        self._pinned: OrderedDict[str, Version] = OrderedDict()
        self._changes = 0

    def use(self, catalogue: Catalogue) -> None:
        """Have other node types from now on: what is ready to run is checked and planned again."""
        self._catalogue = catalogue
        self._changes += 1
        self._ready.clear()
        self._pinned.clear()

    async def get(self, user: str, id: str) -> tuple[Workflow, str]:
        """Return a workflow and its etag, also another user's that is public. Raises NotFound."""
        row = await self._row(user, id)
        return await self._current(row), row.etag

    async def page(self, user: str, *, limit: int, cursor: str) -> Page[Workflow]:
        """Return some workflows, newest first. Raises InvalidCursor."""
        page = await self._reader.workflows(user, limit=limit, cursor=cursor, max_bytes=PAGE_BYTES)
        return Page([await self._current(row) for row in page.rows], page.next)

    async def create(self, user: str, request: WorkflowRequest) -> tuple[Workflow, str]:
        """Store a new workflow. Raises InvalidRequest, InvalidGraph: nothing is stored then."""
        return await self._save(user, new_id(self._now_us()), request, None)

    async def replace(self, user: str, id: str, request: WorkflowRequest, if_match: str | None) -> tuple[Workflow, str]:
        """Store a workflow under *id*, whether it is new or not.

        Raises:
            InvalidRequest, InvalidGraph: nothing is stored.
            PreconditionFailed: the stored document is not the one of *if_match*.
            NotFound: another user's workflow has this id.
        """
        if not id or len(id) > self._limits.name:
            raise InvalidRequest(f"an id has 1 to {self._limits.name} characters")
        return await self._save(user, id, request, if_match)

    async def delete(self, user: str, id: str, if_match: str | None) -> None:
        """Remove a workflow; its jobs stay. Raises NotFound, PreconditionFailed."""
        outcome = await self._commit(DeleteWorkflow(id=id, user=user, if_match=if_match))
        self._forget(id)
        _raise_refused(outcome, id)

    async def ready(self, user: str, id: str) -> Ready:
        """Return the current version of a workflow, made once. Raises NotFound."""
        found = self._ready.get(id)
        if found is None:
            found = await self._make_ready(user, id)
        elif found.user != user and not found.is_public:
            raise NotFound("workflow", id)
        else:
            self._ready.move_to_end(id)
        return found

    async def version_of(self, user: str, graph: bytes) -> Version:
        """Check and plan a graph that is not stored as a workflow. Raises InvalidJson, InvalidGraph."""
        version, _ = await self._checked(graph, user)
        return version

    async def pinned(self, graph_hash: str, graph: bytes | None = None) -> Version:
        """Check and plan again the graph that a job pinned, read once for many jobs. Raises InvalidGraph.

        What it calls is pinned with it.
        """
        found = self._pinned.get(graph_hash)
        if found is None:
            if graph is None:
                graph = await self._reader.graph(graph_hash) or b""
            found, _ = await self._checked(graph)
            self._pinned[graph_hash] = found
            if len(self._pinned) > CACHED:
                self._pinned.popitem(last=False)
        return found

    async def _make_ready(self, user: str, id: str) -> Ready:
        changes = self._changes
        row = await self._row(user, id)
        document = _document.decode(row.document)
        version, _ = await self._checked(bytes(document.graph), row.user)
        ready = Ready(row.user, document.access == PUBLIC, version)
        if changes == self._changes:
            self._keep(id, ready)
        return ready

    def _keep(self, id: str, ready: Ready) -> None:
        self._ready[id] = ready
        if len(self._ready) > CACHED:
            self._ready.popitem(last=False)

    def _forget(self, id: str) -> None:
        """The versions of those that call it were made with it, or without."""
        self._changes += 1
        self._ready.pop(id, None)
        for caller in [caller for caller, ready in self._ready.items() if id in ready.version.calls]:
            del self._ready[caller]

    async def _row(self, user: str, id: str) -> WorkflowRow:
        row = await self._reader.workflow(id)
        if row is None or not (row.user == user or _document.decode(row.document).access == PUBLIC):
            raise NotFound("workflow", id)
        return row

    async def _save(self, user: str, id: str, request: WorkflowRequest, if_match: str | None) -> tuple[Workflow, str]:
        _check_request(request, self._limits)
        changes = self._changes
        version, schemas = await self._checked(bytes(request.graph), user, (id, request.name))
        document = codec.to_json(request)
        op = SaveWorkflow(
            id=id,
            user=user,
            document=document,
            findings=codec.to_json(version.findings),
            schemas=schemas,
            etag=hashlib.sha256(document).hexdigest()[:32],
            now_us=self._now_us(),
            if_match=if_match,
        )
        outcome = await self._commit(op)
        self._forget(id)
        _raise_refused(outcome, id)
        if not version.calls or self._changes == changes + 1:  # else what it calls may have changed meanwhile
            # saves come here in the order of their commits
            self._keep(id, Ready(user, request.access == PUBLIC, version))
        return await self.get(user, id)

    async def _current(self, row: WorkflowRow) -> Workflow:
        """Return a stored workflow as it is now: one that calls others is not what it was when they have changed."""
        workflow = _workflow(row)
        if CALLS not in row.document:
            return workflow
        version, schemas = await self._checked(bytes(workflow.graph), row.user, (row.id, workflow.name))
        made = _schemas.decode(schemas)
        return msgspec.structs.replace(
            workflow, findings=version.findings, input_schema=made.input, output_schema=made.output
        )

    async def _checked(self, json: bytes, user: str = "", own: tuple[str, str] | None = None) -> tuple[Version, bytes]:
        """Return the version of a graph, and the schemas of what it takes and gives, as JSON.

        *own* is the id and the name of the workflow whose graph this is, where that is known.
        """
        graph = await _aside(json, partial(read_graph, json, self._limits, at="$.graph"))
        stored = await self._called(graph, user, {own[0]: Source(own[1], graph, json)} if own else {})
        return await _aside(json, partial(self._look_at, json, graph, stored))

    def _look_at(self, json: bytes, graph: Graph, stored: dict[str, Source | None]) -> tuple[Version, bytes]:
        version, wiring = look_at(json, graph, self._catalogue, stored)
        return version, codec.to_json({"input": input_schema_of(wiring), "output": output_schema_of(wiring)})

    async def _called(self, graph: Graph, user: str, own: dict[str, Source]) -> dict[str, Source | None]:
        """Return the workflows that a graph of *user* calls, and all that those call, as they are stored now."""
        along = embedded(graph)
        found: dict[str, Source | None] = {}
        waiting = [graph, *(source.graph for source in along.values())]
        while waiting:
            for id in called_ids(waiting.pop(), self._catalogue):
                if id in found or id in along or len(found) > MAX_CALLED:
                    continue
                source = found[id] = own.get(id) or await self._source(user, id)
                if source:
                    waiting.append(source.graph)
        return found

    async def _source(self, user: str, id: str) -> Source | None:
        try:
            row = await self._row(user, id)
        except NotFound:
            return None
        document = _document.decode(row.document)
        json = bytes(document.graph)
        return Source(document.name, read_graph(json, self._limits), json)

    async def _commit(self, op: SaveWorkflow | DeleteWorkflow) -> Outcome:
        (outcome,) = await self._writer.append([op])
        return outcome


async def _aside(json: bytes, act: Callable[[], T]) -> T:
    """Do what takes long for a large graph in a thread."""
    return act() if len(json) < LARGE else await asyncio.to_thread(act)


def _check_request(request: WorkflowRequest, limits: Limits) -> None:
    if not bytes(request.graph) or bytes(request.graph) == b"null":
        raise InvalidRequest("graph: a workflow needs a graph", errors=[Fault(field="$.graph", message="is missing")])
    if len(request.name) > limits.name:
        message = f"has more than {limits.name} characters"
        raise InvalidRequest(f"name {message}", errors=[Fault(field="$.name", message=message)])
    if request.access not in ("private", PUBLIC):
        message = "is private or public"
        raise InvalidRequest(f"access {message}", errors=[Fault(field="$.access", message=message)])


def _raise_refused(outcome: Outcome, id: str) -> None:
    if not isinstance(outcome, Refused):
        return
    if outcome.reason == "mismatch":
        raise PreconditionFailed
    raise NotFound("workflow", id)


def _workflow(row: WorkflowRow) -> Workflow:
    request = _document.decode(row.document)
    schemas = _schemas.decode(row.schemas)
    return Workflow(
        id=row.id,
        name=request.name,
        access=request.access,
        description=request.description or "",
        created_at=rfc3339(row.created_us),
        updated_at=rfc3339(row.updated_us),
        tags=request.tags,
        tool_name=request.tool_name,
        package_name=request.package_name,
        path=request.path,
        thumbnail=request.thumbnail,
        thumbnail_url=request.thumbnail_url,
        run_mode=request.run_mode,
        graph=request.graph,
        settings=request.settings,
        input_schema=schemas.input,
        output_schema=schemas.output,
        findings=_findings.decode(row.findings),
    )
