"""Whole answers: a head and a body, sent as two messages."""

from collections.abc import Iterable
from typing import Any, Self

from nodetool.protocol.codec import to_json
from nodetool.server.types import Receive, Scope, Send

JOB_ID = b"nodetool-job-id"

Header = tuple[bytes, bytes]


class Answer:
    """An answer whose body is known. Litestar calls it as it is: no other response costs less."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self, body: bytes, status: int = 200, headers: Iterable[Header] = (), type: bytes = b"application/json"
    ) -> None:
        self.body = body
        self.status = status
        self.headers = [(b"content-type", type), (b"content-length", b"%d" % len(body)), *headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it is ASGI
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})

    def to_asgi_response(self, **_: Any) -> Self:
        """Be what Litestar expects of an error handler's answer."""
        return self


class Empty:
    """An answer without a body."""

    __slots__ = ("headers", "status")

    def __init__(self, status: int, headers: Iterable[Header] = ()) -> None:
        self.status = status
        self.headers = list(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it is ASGI
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def document(value: Any, status: int = 200, headers: Iterable[Header] = ()) -> Answer:
    """Answer with *value* as JSON."""
    return Answer(to_json(value), status, headers)


def location(path: str) -> Header:
    """Return the header that says where something is that was made."""
    return (b"location", path.encode())


def of_job(id: str) -> Header:
    """Return the header that names the job an answer belongs to."""
    return (JOB_ID, id.encode("latin-1", "replace"))
