"""The only place that knows bytes: one type in, JSON or MessagePack out."""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, TypeVar

import msgspec

from nodetool.protocol.errors import Fault, InvalidFrame, InvalidGraph, InvalidJson, InvalidRequest
from nodetool.protocol.events import AnyEvent
from nodetool.protocol.masking import STARS
from nodetool.protocol.values import HAS_BYTES, Unsendable, plain, spelled

T = TypeVar("T")

MAX_DEPTH = 64
"""How deep the brackets of a JSON body may nest."""

to_msgpack = msgspec.msgpack.encode

_to_json = msgspec.json.Encoder(decimal_format="string")
_events = msgspec.msgpack.Decoder(list[AnyEvent])
_raw = msgspec.msgpack.Decoder(list[msgspec.Raw])

_BIN = re.compile(rb"[\xc4-\xc6]")
"""The first byte of every bin in MessagePack. Text may have it too, but most values have none and need no walk."""


def to_json(value: Any) -> bytes:
    """Encode *value* as compact UTF-8 JSON."""
    return _to_json.encode(value)


def ascii_json(data: bytes) -> bytes:
    """Return JSON *data* with every character beyond ASCII escaped, so that no reader can cut one in two."""
    if data.isascii():
        return data
    return data.decode().translate(_Escapes()).encode("ascii")


class _Escapes(dict[int, str]):
    """How each character is written; worked out once, since a text has few of them."""

    def __missing__(self, point: int) -> str:
        self[point] = text = _escaped(point)
        return text


def _escaped(point: int) -> str:
    if point < 128:
        return chr(point)
    if point < 0x10000:
        return f"\\u{point:04x}"
    point -= 0x10000
    return f"\\u{0xD800 + (point >> 10):04x}\\u{0xDC00 + (point & 0x3FF):04x}"


def from_json(data: bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """Decode and check *data*, which came from outside.

    Raises:
        InvalidJson: these bytes are not JSON, not UTF-8, or nested too deep.
        InvalidRequest: they are, but do not fit; ``errors`` names the field.
    """
    check_depth(data)
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise misfit(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidJson(f"the body is not JSON: {error}") from error


def check_depth(data: bytes) -> None:
    """Raise InvalidJson if the brackets of *data* nest deeper than MAX_DEPTH. Most bodies cost two counts."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    brackets = _TEXT.sub(b"", data).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise InvalidJson(f"the body is nested deeper than {MAX_DEPTH}")


_TEXT = re.compile(rb'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""A text, or the start of one that is cut. Linear in its length: nothing in it is tried twice."""

_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[{]}")

_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def from_msgpack(data: bytes, decoder: "msgspec.msgpack.Decoder[T]") -> T:
    """Decode and check *data*, which came from outside.

    Raises:
        InvalidFrame: these bytes are not MessagePack, or nested too deep.
        InvalidRequest: they are, but do not fit; ``errors`` names the field.
    """
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise misfit(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidFrame(f"the frame is not MessagePack: {error}") from error


def received(value: Any) -> Any:
    """Return a *value* decoded from MessagePack as JSON could have said it, but for its bytes: dates are text.

    Raises:
        InvalidRequest: it is nested deeper than MAX_DEPTH, or holds an extension type.
    """
    if _deeper(value, MAX_DEPTH):
        raise InvalidRequest(f"the value is nested deeper than {MAX_DEPTH}")
    try:
        return plain(value)
    except Unsendable as error:
        raise InvalidRequest(str(error)) from error


def _deeper(value: Any, left: int) -> bool:
    if type(value) is dict:
        return left == 0 or any(_deeper(item, left - 1) for item in value.values())
    if type(value) is list:
        return left == 0 or any(_deeper(item, left - 1) for item in value)
    return False


def graph_json(graph: dict[str, Any]) -> bytes:
    """Return a graph that came in a frame as JSON. Raises InvalidGraph, InvalidJson."""
    try:
        data = to_json(graph)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidGraph(f"the graph cannot be written as JSON: {error}") from error
    check_depth(data)
    return data


def misfit(error: msgspec.ValidationError) -> InvalidRequest:
    """Return the error for a value that decodes and does not fit, with the path that msgspec names."""
    message, _, path = str(error).partition(" - at ")
    field = path.strip("`") or "$"
    return InvalidRequest(f"{field}: {message}", errors=[Fault(field=field, message=message)])


# A batch is some events as MessagePack maps, one after the other, so that batches join by concatenation.


def split(count: int, data: bytes) -> list[msgspec.Raw]:
    """Cut a batch of *count* events into its events, without copying."""
    return _raw.decode(_array_head(count) + data)


def events_of(count: int, data: bytes) -> list[AnyEvent]:
    """Decode a batch of *count* events."""
    return _events.decode(_array_head(count) + data)


def json_lines(count: int, data: bytes, flags: int) -> bytes:
    """Return a batch as lines of ASCII JSON, each with its newline."""
    return ascii_json(_to_json.encode_lines(_for_json(count, data, flags)))


def _for_json(count: int, data: bytes, flags: int) -> Iterable[Any]:
    if not flags & HAS_BYTES:
        return events_of(count, data)
    return [spelled(msgspec.msgpack.decode(raw)) for raw in split(count, data)]


def value_of(data: bytes | msgspec.Raw) -> Any:
    """Decode a plain MessagePack value that we wrote."""
    return msgspec.msgpack.decode(data)


SEALED = 1
"""The kind of MessagePack extension under which a sealed param is stored. None ever goes over a wire."""

SEALED_MARK = b"nodetool sealed\0"
"""What a sealed param begins with, so that it can be looked for."""


def json_of_params(data: bytes) -> bytes:
    """Return stored params as JSON; of those that are sealed, stars."""
    params = msgspec.msgpack.decode(data) if data else {}
    shown = {name: STARS if isinstance(value, msgspec.msgpack.Ext) else value for name, value in params.items()}
    return to_json(spelled(shown))


def json_of_msgpack(data: bytes | msgspec.Raw) -> bytes:
    """Return a plain MessagePack value as JSON."""
    value = msgspec.msgpack.decode(data)
    return to_json(spelled(value) if _BIN.search(data) else value)


def _array_head(count: int) -> bytes:
    if count < 16:
        return bytes((0x90 | count,))
    return b"\xdd" + count.to_bytes(4, "big")
