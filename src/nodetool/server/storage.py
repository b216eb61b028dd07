"""HTTP for stored files: whole, in part, and piece by piece both ways."""

import asyncio
import mimetypes
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from nodetool.protocol.errors import InvalidRequest, NodetoolError, NotFound, RangeNotSatisfiable
from nodetool.server import errors
from nodetool.server.options import Options
from nodetool.server.ranges import Part, http_date, is_known, part_of
from nodetool.server.requests import Request, header, in_path, too_large, user_of
from nodetool.server.responses import Answer, Empty, Header
from nodetool.server.types import ASGIApp, Receive, Scope, Send
from nodetool.storage.blobs import Area, Blobs, Stored

UNKNOWN = "application/octet-stream"

TYPES = {
    ".flac": "audio/flac",
    ".glb": "model/gltf-binary",
    ".m4a": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".parquet": "application/vnd.apache.parquet",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
}
"""Types that Python does not know, or under an older name."""

ACTIVE = ("html", "xml", "javascript", "ecmascript")
"""Words in the types of files that a browser runs."""

SANDBOX: tuple[Header, ...] = ((b"content-security-policy", b"sandbox; default-src 'none'; style-src 'unsafe-inline'"),)
"""So what somebody has stored cannot act as a page of ours."""

GATHER = 256 * 1024
"""Bytes of an upload that are written at a time."""

_types = mimetypes.MimeTypes()
_log = structlog.get_logger()


class StorageRoutes:
    """The routes of one area of stored files."""

    def __init__(self, blobs: Blobs, area: Area, options: Options) -> None:
        self._blobs = blobs
        self._area = area
        self._limit = options.max_blob
        self._is_worker = options.surface == "worker"

    async def read(self, request: Request) -> ASGIApp:
        """Read a stored file, or with `Range` a part of it; `HEAD` tells its size."""
        key = key_of(request)
        file = await self._blobs.open(self._area, user_of(request), key)
        if file is None:
            raise NotFound("file", key)
        try:
            answer = _answer(request, key, file)
        except BaseException:
            file.close()
            raise
        if not isinstance(answer, Sending):
            file.close()
        return answer

    async def write(self, request: Request) -> ASGIApp:
        """Store the body under this key, in the place of what is there."""
        length = header(request, b"content-length")
        if length is not None and int(length) > self._limit:
            raise too_large(self._limit)
        async with aclosing(body_pieces(request)) as pieces:
            await self._blobs.write(self._area, user_of(request), key_of(request), pieces, self._limit)
        return Empty(200)

    async def delete(self, request: Request) -> ASGIApp:
        """Remove a stored file."""
        key = key_of(request)
        if not await self._blobs.delete(self._area, user_of(request), key):
            raise NotFound("file", key)
        return Empty(204) if self._is_worker else Answer(b"null")


def key_of(request: Request) -> str:
    """Return the key in the path. It is the rest of the path, so that a separator in it can be refused as such."""
    return str(in_path(request, "key")).removeprefix("/")


async def body_pieces(request: Request) -> AsyncGenerator[bytes, None]:
    """Return the body as it comes, some at a time. Raises InvalidRequest: the client has left."""
    held = bytearray()
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise InvalidRequest("the body ended early")
        held += message.get("body", b"")
        more = message.get("more_body", False)
        if len(held) >= GATHER or not more:
            yield bytes(held)
            held.clear()


def _answer(request: Request, key: str, file: Stored) -> ASGIApp:
    modified = http_date(file.modified)
    about: list[Header] = [(b"last-modified", modified.encode()), (b"accept-ranges", b"bytes")]
    if is_known(header(request, b"if-modified-since"), file.modified):
        return Empty(304, about)
    if_range = header(request, b"if-range")
    try:
        part = part_of(header(request, b"range") if if_range in (None, modified) else None, file.size)
    except RangeNotSatisfiable as error:
        refused = errors.refusal(error)
        refused.headers.append((b"content-range", b"bytes */%d" % file.size))
        return refused
    status = 206 if part else 200
    if part:
        about.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.end - 1, file.size)))
    part = part or Part(0, file.size)
    about += [*of_type(key), (b"content-length", b"%d" % (part.end - part.start))]
    return Empty(status, about) if request.scope["method"] == "HEAD" else Sending(file, part, status, about)


def of_type(key: str) -> list[Header]:
    """Return the headers that say what a file is, by its extension."""
    dot = key.rfind(".")
    known = TYPES.get(key[dot:].lower()) or _types.guess_type(f"x{key[dot:]}", strict=True)[0] if dot >= 0 else None
    type = known or UNKNOWN
    sandbox = SANDBOX if any(word in type for word in ACTIVE) else ()
    charset = "; charset=utf-8" if type.startswith("text/") else ""
    return [(b"content-type", f"{type}{charset}".encode()), (b"x-content-type-options", b"nosniff"), *sandbox]


class Sending:
    """An answer that is read as it is sent: a slow client makes the disk wait, and one that leaves ends it."""

    def __init__(self, file: Stored, part: Part, status: int, headers: list[Header]) -> None:
        self._file = file
        self._part = part
        self._status = status
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it is ASGI
        left = asyncio.ensure_future(_left(receive))
        try:
            await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
            async with aclosing(self._file.pieces(*self._part)) as pieces:
                async for piece in pieces:
                    if left.done():
                        return
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except NodetoolError as error:  # the head is out: there is no other answer any more
            _log.error("file.broken_off", error=error.detail)
        finally:
            left.cancel()
            self._file.close()


async def _left(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
