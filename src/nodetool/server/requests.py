"""What a request says: its body, its query, its headers. Read by hand, as the run route cannot afford more."""

from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs

import msgspec

from nodetool.auth.identity import Identity
from nodetool.protocol import codec
from nodetool.protocol.errors import Fault, InvalidRequest, TooLarge, UnsupportedMedia
from nodetool.server.types import Receive, Scope

T = TypeVar("T")

FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data")
WISHES = frozenset({b"prefer", b"idempotency-key"})
"""How a request for a run may want to be answered."""
NOTED = WISHES | {b"content-length", b"content-type"}
FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Request(Protocol):
    """What a handler is given."""

    @property
    def scope(self) -> Scope: ...

    @property
    def receive(self) -> Receive: ...


def identity_of(request: Request) -> Identity:
    """Return who asks; the border found out."""
    identity: Identity = request.scope["auth"]
    return identity


def user_of(request: Request) -> str:
    """Return the user who asks."""
    return identity_of(request).user


def id_of(request: Request) -> str:
    """Return the id in the path."""
    id: str = request.scope["path_params"]["id"]
    return id


def in_path(request: Request, name: str) -> str:
    """Return another part of the path, by its name in the route."""
    found: str = request.scope["path_params"][name]
    return found


def header(request: Request, wanted: bytes) -> str | None:
    """Return the first header of this (lower-case) name."""
    name: bytes
    value: bytes
    for name, value in request.scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return None


async def read_json(request: Request, decoder: "msgspec.json.Decoder[T]", limit: int) -> T:
    """Read the body and decode it.

    Raises:
        InvalidJson, InvalidRequest: as codec.from_json does.
        TooLarge, UnsupportedMedia: as read_body does.
    """
    return codec.from_json(await read_body(request, limit), decoder)


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body, which is not a form and has at most *limit* bytes."""
    look(request, limit)
    return await body_of(request, limit)


def look(request: Request, limit: int) -> bool:
    """Check what the headers say about the body; tell whether there are wishes among them. One look for both."""
    wishes = False
    for name, value in request.scope["headers"]:
        if name not in NOTED:
            continue
        if name == b"content-length":
            if int(value) > limit:
                raise too_large(limit)
        elif name == b"content-type":
            if value.lower().startswith(FORMS):
                raise UnsupportedMedia("the body is a form; send JSON with Content-Type: application/json")
        else:
            wishes = True
    return wishes


async def body_of(request: Request, limit: int) -> bytes:
    """Read a body whose headers were looked at."""
    message = await request.receive()
    if message["type"] == "http.request" and not message["more_body"]:
        body: bytes = message["body"]
        return within(body, limit)
    return await _rest(request, message, limit)


async def _rest(request: Request, message: Any, limit: int) -> bytes:
    body = bytearray(message.get("body", b""))
    while message.get("more_body"):
        within(body, limit)
        message = await request.receive()
        body += message.get("body", b"")
    if message["type"] != "http.request":
        raise InvalidRequest("the body ended early")
    return bytes(within(body, limit))


Bytes = TypeVar("Bytes", bytes, bytearray)


def within(body: Bytes, limit: int) -> Bytes:
    if len(body) > limit:
        raise too_large(limit)
    return body


def too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is over the limit of {limit} bytes")


class Query:
    """The query of a request. Of a key that comes twice the last value counts; unknown keys are ignored."""

    def __init__(self, request: Request) -> None:
        text = request.scope["query_string"].decode("latin-1")
        self._values = {key: values[-1] for key, values in parse_qs(text, keep_blank_values=True).items()}

    def text(self, key: str) -> str | None:
        return self._values.get(key)

    def flag(self, key: str) -> bool:
        value = self._values.get(key, "false")
        if value not in FLAGS:
            raise misfit(key, f"expected true, false, 1 or 0, got {value!r}")
        return FLAGS[value]

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number from *low* to *high*."""
        return int(self._number(key, default, low, high, whole=True))

    def seconds(self, key: str, default: float, high: float) -> float:
        return self._number(key, default, 0, high, whole=False)

    def _number(self, key: str, default: float, low: float, high: float, *, whole: bool) -> float:
        given = self._values.get(key)
        if given is None:
            return default
        value = number(given, whole=whole)
        if value is None or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise misfit(key, f"expected {kind} from {low} to {high}, got {given[:40]!r}")
        return value


def number(text: str, *, whole: bool) -> float | None:
    """Return the number that *text* spells in ASCII digits, or None."""
    if not text.isascii() or len(text) > 20:
        return None
    digits = text if whole else text.replace(".", "", 1)
    if not digits.isdigit():
        return None
    return int(text) if whole else float(text)


def misfit(field: str, message: str) -> InvalidRequest:
    """Return the error for a part of the query or a header that does not fit."""
    return InvalidRequest(f"{field}: {message}", errors=[Fault(field=field, message=message)])
