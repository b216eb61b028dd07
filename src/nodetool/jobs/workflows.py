"""The stored workflows: saved with their findings, and made ready to run once a version."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from nodetool.graph.catalogue import Catalogue
from nodetool.graph.document import Limits, read_graph
from nodetool.graph.schemas import input_schema, output_schema
from nodetool.graph.version import Version, make_version
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


PUBLIC = "public"
"""The access of a workflow that others may read and run; only its owner changes it."""


class Schemas(msgspec.Struct):
    """What a workflow takes and gives, as JSON Schema."""

    input: msgspec.Raw
    output: msgspec.Raw


class Ready(NamedTuple):
    """A version of a stored workflow, and who may run it."""

    user: str
    is_public: bool
    version: Version
    graph: bytes


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

    async def get(self, user: str, id: str) -> tuple[Workflow, str]:
        """Return a workflow and its etag, also another user's that is public. Raises NotFound."""
        row = await self._row(user, id)
        return _workflow(row), row.etag

    async def page(self, user: str, *, limit: int, cursor: str) -> Page[Workflow]:
        """Return some workflows, newest first. Raises InvalidCursor."""
        page = await self._reader.workflows(user, limit=limit, cursor=cursor, max_bytes=PAGE_BYTES)
        return Page([_workflow(row) for row in page.rows], page.next)

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

    async def version_of(self, graph: bytes) -> Version:
        """Check and plan a graph that is not stored as a workflow. Raises InvalidJson, InvalidGraph."""
        checked = await self._checked(graph, "$.graph")
        return checked[1]

    async def pinned(self, graph_hash: str, graph: bytes | None = None) -> Version:
        """Check and plan again the graph that a job pinned, read once for many jobs. Raises InvalidGraph."""
        found = self._pinned.get(graph_hash)
        if found is None:
            if graph is None:
                graph = await self._reader.graph(graph_hash) or b""
            _, found = await self._checked(graph, "$.graph")
            self._pinned[graph_hash] = found
            if len(self._pinned) > CACHED:
                self._pinned.popitem(last=False)
        return found

    async def _make_ready(self, user: str, id: str) -> Ready:
        changes = self._changes
        row = await self._row(user, id)
        document = _document.decode(row.document)
        graph = bytes(document.graph)
        _, version = await self._checked(graph, "$.graph")
        ready = Ready(row.user, document.access == PUBLIC, version, graph)
        if changes == self._changes:
            self._keep(id, ready)
        return ready

    def _keep(self, id: str, ready: Ready) -> None:
        self._ready[id] = ready
        if len(self._ready) > CACHED:
            self._ready.popitem(last=False)

    def _forget(self, id: str) -> None:
        self._changes += 1
        self._ready.pop(id, None)

    async def _row(self, user: str, id: str) -> WorkflowRow:
        row = await self._reader.workflow(id)
        if row is None or not (row.user == user or _document.decode(row.document).access == PUBLIC):
            raise NotFound("workflow", id)
        return row

    async def _save(self, user: str, id: str, request: WorkflowRequest, if_match: str | None) -> tuple[Workflow, str]:
        _check_request(request, self._limits)
        source = bytes(request.graph)
        graph, version = await self._checked(source, "$.graph")
        document = codec.to_json(request)
        op = SaveWorkflow(
            id=id,
            user=user,
            document=document,
            findings=codec.to_json(version.findings),
            schemas=codec.to_json(self._schemas_of(graph)),
            etag=hashlib.sha256(document).hexdigest()[:32],
            now_us=self._now_us(),
            if_match=if_match,
        )
        outcome = await self._commit(op)
        self._forget(id)
        _raise_refused(outcome, id)
        self._keep(
            id, Ready(user, request.access == PUBLIC, version, source)
        )  # saves come here in the order of their commits
        return await self.get(user, id)

    def _schemas_of(self, graph: Graph) -> dict[str, Any]:
        return {
            "input": input_schema(graph, self._catalogue),
            "output": output_schema(graph, self._catalogue),
        }

    async def _checked(self, source: bytes, at: str) -> tuple[Graph, Version]:
        if len(source) < LARGE:
            return self._check(source, at)
        return await asyncio.to_thread(self._check, source, at)

    def _check(self, source: bytes, at: str) -> tuple[Graph, Version]:
        graph = read_graph(source, self._limits, at=at)
        return graph, make_version(source, graph, self._catalogue)

    async def _commit(self, op: SaveWorkflow | DeleteWorkflow) -> Outcome:
        (outcome,) = await self._writer.append([op])
        return outcome


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
