"""The client for scripts: the same names, and every call returns when it is done.

    with Client("http://127.0.0.1:8000") as client:
        outputs = client.run(workflow_id, {"prompt": "a cat"})

The async client does the work, in a loop of its own in a thread of its own.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from types import TracebackType
from typing import Any, Self, TypeVar

from nodetool.client import client as asynchronous
from nodetool.client import job as asynchronous_job
from nodetool.client import socket as asynchronous_socket
from nodetool.client.client import Document, Params
from nodetool.client.socket import Mode
from nodetool.protocol.commands import AnyCommand
from nodetool.protocol.events import AnyEvent, Status
from nodetool.protocol.replies import Reply, StatusReply

T = TypeVar("T")


class Loop:
    """An event loop in a thread, and the way into it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="nodetool.client", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do *work* there and return what it does; an interrupt here cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def each(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """Yield what *items* do; they are closed at the end, and when the loop over them is left."""
        try:
            while (found := self.call(_next(items))) is not None:
                yield found
        finally:
            self.call(items.aclose())

    def close(self) -> None:
        self.call(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _next(items: AsyncGenerator[T, None]) -> T | None:
    return await anext(items, None)


class Client:
    """See ``nodetool.client.Client``. Use it in a ``with`` block, or close it."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        prefix: str = "/api",
        timeout: float = 30.0,
        patience: float = 30.0,
    ) -> None:
        self._client = asynchronous.Client(url, token, prefix=prefix, timeout=timeout, patience=patience)
        self._loop = Loop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._loop.call(self._client.close())
        self._loop.close()

    def workflows(self, *columns: str) -> list[Document]:
        return self._loop.call(self._client.workflows(*columns))

    def workflow(self, id: str) -> Document:
        return self._loop.call(self._client.workflow(id))

    def save(self, document: Document) -> Document:
        return self._loop.call(self._client.save(document))

    def delete(self, id: str) -> None:
        self._loop.call(self._client.delete(id))

    def run(self, workflow_id: str, params: Params | None = None) -> dict[str, Any]:
        return self._loop.call(self._client.run(workflow_id, params))

    def start(self, workflow_id: str, params: Params | None = None) -> "Job":
        return Job(self._loop.call(self._client.start(workflow_id, params)), self._loop)

    def stream(self, workflow_id: str, params: Params | None = None) -> Iterator[AnyEvent]:
        return self._loop.each(self._client.stream(workflow_id, params))

    def jobs(
        self, *, workflow_id: str | None = None, status: Status | None = None, limit: int = 100, cursor: str = ""
    ) -> Document:
        asking = self._client.jobs(workflow_id=workflow_id, status=status, limit=limit, cursor=cursor)
        return self._loop.call(asking)

    def job(self, id: str) -> "Job":
        return Job(self._client.job(id), self._loop)

    @contextmanager
    def socket(self, mode: Mode = "binary") -> Iterator["Socket"]:
        opening = self._client.socket(mode)
        socket = self._loop.call(opening.__aenter__())
        try:
            yield Socket(socket, self._loop)
        finally:
            self._loop.call(opening.__aexit__(None, None, None))


class Job:
    """See ``nodetool.client.Job``."""

    def __init__(self, job: asynchronous_job.Job, loop: Loop) -> None:
        self.id = job.id
        self._job = job
        self._loop = loop

    def read(self) -> Document:
        return self._loop.call(self._job.read())

    def profile(self) -> Document:
        return self._loop.call(self._job.profile())

    def cancel(self) -> Document:
        return self._loop.call(self._job.cancel())

    def retry(self) -> "Job":
        return Job(self._loop.call(self._job.retry()), self._loop)

    def result(self) -> dict[str, Any]:
        return self._loop.call(self._job.result())

    def events(self, after: int = 0) -> Iterator[AnyEvent]:
        return self._loop.each(self._job.events(after))


class Socket:
    """See ``nodetool.client.Socket``."""

    def __init__(self, socket: asynchronous_socket.Socket, loop: Loop) -> None:
        self._socket = socket
        self._loop = loop

    def run(self, workflow_id: str = "", params: Params | None = None, *, graph: dict[str, Any] | None = None) -> str:
        return self._loop.call(self._socket.run(workflow_id, params, graph=graph))

    def cancel(self, job_id: str | None = None) -> Reply:
        return self._loop.call(self._socket.cancel(job_id))

    def stream_input(self, name: str, value: Any, job_id: str | None = None) -> Reply:
        return self._loop.call(self._socket.stream_input(name, value, job_id))

    def end_input(self, name: str, job_id: str | None = None) -> Reply:
        return self._loop.call(self._socket.end_input(name, job_id))

    def status(self, job_id: str | None = None) -> StatusReply:
        return self._loop.call(self._socket.status(job_id))

    def reconnect(self, job_id: str, after: int = 0) -> Reply:
        return self._loop.call(self._socket.reconnect(job_id, after))

    def set_mode(self, mode: Mode) -> Reply:
        return self._loop.call(self._socket.set_mode(mode))

    def ping(self) -> Reply:
        return self._loop.call(self._socket.ping())

    def ask(self, command: AnyCommand) -> Reply:
        return self._loop.call(self._socket.ask(command))

    def event(self) -> AnyEvent:
        return self._loop.call(self._socket.event())

    def __iter__(self) -> Iterator[AnyEvent]:
        while True:
            yield self.event()
