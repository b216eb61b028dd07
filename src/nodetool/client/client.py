"""A client of a server's public API, for asyncio. ``nodetool.client.sync`` is the same for scripts."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake

from nodetool.client.api import JOB_ID, NDJSON, Api, given, params_body, path
from nodetool.client.bookmark import Bookmark
from nodetool.client.errors import BadAnswer, Unreachable
from nodetool.client.http import Address, Http, Request
from nodetool.client.job import Job, events_in
from nodetool.client.socket import Mode, Socket
from nodetool.protocol import codec
from nodetool.protocol.events import AnyEvent, Status

Params = Mapping[str, Any]
"""A value for each input of a workflow, by its name."""

Document = dict[str, Any]
"""A workflow or a job, as the JSON the server sends."""


class Client:
    """A server, seen from a program that uses it.

        async with Client("http://127.0.0.1:8000") as client:
            outputs = await client.run(workflow_id, {"prompt": "a cat"})

    Every method raises ``Refused`` for what the server refuses, and ``Unreachable`` if it is not there.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        prefix: str = "/api",
        timeout: float = 30.0,
        patience: float = 30.0,
    ) -> None:
        """*prefix* is empty for the worker surface. A server has *timeout* seconds to answer what is answered at once,
        and *patience* seconds to come back while the events of a job are read.
        """
        self._http = Http(Address.of(url), {"Authorization": f"Bearer {token}"} if token else {}, timeout=timeout)
        self._patience = patience
        self.api = Api(self._http, prefix)
        """The API by its paths, for what has no method here."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.close()

    async def workflows(self, *columns: str) -> list[Document]:
        """Return all stored workflows, newest first; of each only the parts that *columns* name, if any do."""
        found: list[Document] = []
        cursor = ""
        while True:
            query = {"limit": 1000} | given(cursor=cursor, columns=",".join(columns))
            page = await self.api.ask(Request(method="GET", path="/workflows", query=query))
            found += page.part("workflows")
            if not (cursor := page.part("next")):
                return found

    async def workflow(self, id: str) -> Document:
        """Return a stored workflow, with its ``findings``."""
        document: Document = (await self.api.ask(Request(method="GET", path=path("workflows", id)))).value
        return document

    async def save(self, document: Mapping[str, Any]) -> Document:
        """Store a workflow, under its ``id`` if it has one, and return it. What keeps it from running: ``findings``."""
        id = document.get("id")
        request = Request(
            method="PUT" if id else "POST",
            path=path("workflows", id) if id else "/workflows",
            body=codec.to_json(document),
        )
        saved: Document = (await self.api.ask(request)).value
        return saved

    async def delete(self, id: str) -> None:
        """Remove a workflow. Its jobs stay."""
        await self.api.ask(Request(method="DELETE", path=path("workflows", id)))

    async def run(self, workflow_id: str, params: Params | None = None) -> dict[str, Any]:
        """Run a workflow, wait for its end, and return the outputs by their names.

        Raises:
            JobFailed, JobCancelled: there are none.
        """
        answer = await self.api.ask(self._to_run(workflow_id, "run", params), patient=True)
        if answer.status == 202:  # the server waits no longer; the run goes on
            return await self.job(answer.part("job_id")).result()
        outputs: dict[str, Any] = answer.value
        return outputs

    async def start(self, workflow_id: str, params: Params | None = None) -> Job:
        """Start a run and return at once: from here on it goes on by itself."""
        answer = await self.api.ask(self._to_run(workflow_id, "jobs", params))
        return self.job(answer.part("job_id"))

    async def stream(self, workflow_id: str, params: Params | None = None) -> AsyncGenerator[AnyEvent, None]:
        """Run a workflow and yield its events as they come, to the last one; a lost connection is not noticed."""
        request = self._to_run(workflow_id, "run", params, stream="true")
        bookmark = Bookmark()
        try:
            async with self.api.stream(request) as incoming:
                bookmark.job_id = incoming.headers.get(JOB_ID, "")
                async for event in events_in(incoming, bookmark):
                    yield event
        except Unreachable:
            if not bookmark.job_id:
                raise
        if not bookmark.job_id:
            raise BadAnswer("the stream of a run does not name its job")
        async with aclosing(self.job(bookmark.job_id).go_on(bookmark)) as rest:
            async for event in rest:
                yield event

    async def jobs(
        self, *, workflow_id: str | None = None, status: Status | None = None, limit: int = 100, cursor: str = ""
    ) -> Document:
        """Return a page of ``jobs``, newest first. Its ``next`` is the *cursor* of the next one, empty at the end."""
        query = {"limit": limit} | given(cursor=cursor, workflow_id=workflow_id, status=status)
        page: Document = (await self.api.ask(Request(method="GET", path="/jobs", query=query))).value
        return page

    def job(self, id: str) -> Job:
        """Return the job with this id; nothing is asked yet."""
        return Job(self.api, id, patience=self._patience)

    @asynccontextmanager
    async def socket(self, mode: Mode = "binary") -> AsyncIterator[Socket]:
        """Open a WebSocket for the length of a block. Frames are MessagePack, or JSON with mode ``text``."""
        socket = Socket(await self.connect())
        try:
            if mode != "binary":
                await socket.set_mode(mode)
            yield socket
        finally:
            await socket.close()

    async def connect(self) -> ClientConnection:
        """Open a bare WebSocket; whoever calls closes it. Raises Unreachable."""
        url = self._http.address.socket_url("/predict")
        try:
            return await connect(
                url,
                additional_headers=self._http.headers,
                compression=None,
                max_size=None,
                open_timeout=self._http.timeout,
                proxy=None,
            )
        except (OSError, InvalidHandshake) as error:
            raise Unreachable(f"no socket at {url}: {error}") from error

    def _to_run(self, workflow_id: str, how: str, params: Params | None, **query: str) -> Request:
        return Request(
            method="POST",
            path=path("workflows", workflow_id, how),
            query=query,
            headers={"Accept": NDJSON} if query else {},
            body=params_body(params),
        )
