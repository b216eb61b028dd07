"""What may travel between nodes and out of a run, and how it is made plain enough to send."""

import base64
import math
import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec

INT_MIN, INT_MAX = -(2**63), 2**64 - 1
"""The integers that MessagePack and JSON readers can hold."""

HAS_BYTES = 1
"""Flag of a batch: some value in it holds bare bytes, which JSON has to spell out."""

PREVIEW_BYTES = 1024
"""A value in ``node_update`` is shown whole up to this size, in bytes of its JSON."""


class Chunk(msgspec.Struct, kw_only=True, tag="chunk", tag_field="type"):
    """A piece of streamed content, passed on as a value. ``done`` marks the last one."""

    content: str
    content_type: str = "text"
    content_metadata: dict[str, Any] = {}
    done: bool = False


class Color(msgspec.Struct, kw_only=True, frozen=True, tag="color", tag_field="type"):
    """A color as people choose it: ``#rrggbb``, or None for none."""

    value: str | None = None


class Unsendable(ValueError):
    """A value that cannot leave a run; the text says which part and why."""


class Plain:
    """Makes values plain, and remembers what it met on the way.

    ``lost_numbers`` counts NaN and infinities, which became None. ``flags`` has HAS_BYTES set once bytes were seen.
    """

    def __init__(self) -> None:
        self.lost_numbers = 0
        self.flags = 0

    def of(self, value: Any) -> Any:
        """Return *value* built of None, bool, int, float, str, bytes, list and dict only.

        Raises:
            Unsendable: for an integer beyond 64 bits or an object that has no plain form.
        """
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is int:
            return _checked(value)
        if kind is float:
            return self._finite(value)
        if kind is list or kind is tuple or kind is set or kind is frozenset:
            return [self.of(item) for item in value]
        if kind is dict:
            return {key if type(key) is str else _key(key): self.of(item) for key, item in value.items()}
        return self._other(value)

    def _finite(self, value: float) -> float | None:
        if math.isfinite(value):
            return value
        self.lost_numbers += 1
        return None

    def _other(self, value: Any) -> Any:
        if isinstance(value, bytes | bytearray | memoryview):
            self.flags |= HAS_BYTES
            return bytes(value)
        if isinstance(value, msgspec.Struct):
            return self.of(msgspec.to_builtins(value, builtin_types=_RICH))
        if isinstance(value, datetime | date | time | timedelta | Decimal | UUID):
            return msgspec.to_builtins(value)
        if isinstance(value, Enum):
            return self.of(value.value)
        return self._subclass(value)

    def _subclass(self, value: Any) -> Any:
        bases: tuple[type[Any], ...] = (str, int, float, dict, list, tuple)
        for base in bases:
            if isinstance(value, base):
                return self.of(base(value))
        raise Unsendable(f"an object of type {type(value).__name__} cannot be sent")


class Exact(Plain):
    """Loses nothing that MessagePack can hold: NaN stays NaN. What is equal comes out in the same order: sets too."""

    def of(self, value: Any) -> Any:
        if isinstance(value, set | frozenset):
            return sorted(map(self.of, value), key=_exact_encoder.encode)
        if isinstance(value, msgspec.Struct):
            value = msgspec.to_builtins(value, builtin_types=_RICH, str_keys=True, order="deterministic")
        return super().of(value)

    def _finite(self, value: float) -> float:
        return value


def exactly(value: Any) -> bytes:
    """Return *value* as canonical MessagePack: equal values give equal bytes, in every process.

    Raises:
        Unsendable: it has no plain form.
    """
    try:
        return _exact_encoder.encode(Exact().of(value))
    except UnicodeEncodeError as error:
        raise Unsendable("a text that is not valid Unicode cannot be sent") from error
    except RecursionError as error:
        raise Unsendable("a value nested this deep cannot be sent") from error
    except TypeError as error:  # what msgspec says of the fields of a struct
        raise Unsendable(str(error)) from error


_RICH = (bytes, datetime, date, time, Decimal, UUID)
_exact_encoder = msgspec.msgpack.Encoder(order="deterministic")


def plain(value: Any) -> Any:
    """Return *value* in its plain form; see Plain.of."""
    return Plain().of(value)


def spelled(value: Any) -> Any:
    """Return a plain value with its bytes spelled out for JSON, as ``{"type": "bytes", "base64": …}``."""
    if type(value) is bytes:
        return {"type": "bytes", "base64": base64.b64encode(value).decode()}
    if type(value) is list:
        return [spelled(item) for item in value]
    if type(value) is dict:
        return {key: spelled(item) for key, item in value.items()}
    return value


def preview(value: Any) -> Any:
    """Return *value*, plain or not, as ``node_update`` shows it: whole if small, else its size and how it starts."""
    kind = type(value)
    if kind is str:
        return value if len(value) * 4 <= PREVIEW_BYTES and value.isascii() else _text_preview(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if INT_MIN <= value <= INT_MAX else f"<int of {value.bit_length()} bits>"
    if kind is float:
        return value if math.isfinite(value) else None
    try:
        text = _preview_encoder.encode(value)
    except (TypeError, ValueError, RecursionError):
        return f"<{kind.__name__}>"
    # A number of that many digits may be beyond 64 bits: it is shown, but as text.
    is_whole = len(text) <= PREVIEW_BYTES and not _LONG_NUMBER.search(text)
    return msgspec.json.decode(text) if is_whole else _truncated(text.decode(), len(text))


def _text_preview(text: str) -> Any:
    """As ``preview``; halves of characters, which no reader could decode, are shown as ``?``."""
    data = text.encode(errors="replace")
    return data.decode() if len(data) <= PREVIEW_BYTES else _truncated(data.decode(), len(data))


def _truncated(text: str, size: int) -> dict[str, Any]:
    return {"type": "truncated", "size": size, "preview": text[: PREVIEW_BYTES // 4]}


_LONG_NUMBER = re.compile(rb"\d{20}|-\d{19}")
_preview_encoder = msgspec.json.Encoder(enc_hook=lambda value: f"<{type(value).__name__}>")


def _checked(value: int) -> int:
    if INT_MIN <= value <= INT_MAX:
        return value
    raise Unsendable("an integer of more than 64 bits cannot be sent")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    if key is None or isinstance(key, bool | int | float):
        return msgspec.json.encode(key).decode()
    raise Unsendable(f"a dictionary key of type {type(key).__name__} cannot be sent")
