"""How values and texts are made fit to be told: encoded if they can be sent, else shown as well as can be."""

from itertools import islice
from typing import Any

import msgspec

from nodetool.protocol.values import Plain, Unsendable, preview

MAX_SHOWN = 1 << 18
"""Characters of a text, or bytes of a value, that a node may show at once. Results have a limit of their own."""

MAX_HANDLES = 64
"""Handles of a node whose values are shown in its ``node_update``."""

MAX_MESSAGE = 10_000
"""Characters of an error's text."""

LARGE = 1024
"""Bytes of a value that count when it is told how much may be on its way."""

SMALL = 256
"""Bytes of all values together, up to which each of them is surely small."""

_encoder = msgspec.msgpack.Encoder()


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """A value that may be sent."""

    plain: Any
    data: bytes
    """As MessagePack."""
    flags: int
    lost_numbers: int
    """How many numbers in it were NaN or infinite, and are null now."""
    is_simple: bool
    """It is small, and there is nothing to say about it."""


def encoded(value: Any) -> Encoded:
    """Encode a value to be sent. May be called in a thread. Raises Unsendable."""
    try:
        if type(value) is str:
            data = _encoder.encode(value)
            return Encoded(value, data, 0, 0, len(data) <= LARGE)
        made = Plain()
        value = made.of(value)
        data = _encoder.encode(value)
        is_simple = len(data) <= LARGE and not made.flags and not made.lost_numbers
        return Encoded(value, data, made.flags, made.lost_numbers, is_simple)
    except UnicodeEncodeError as error:
        raise Unsendable("a text that is not valid Unicode cannot be sent") from error
    except RecursionError as error:
        raise Unsendable("a value nested this deep cannot be sent") from error


def previews(values: dict[str, Any]) -> bytes:
    """Return how the values of a node are shown, as MessagePack."""
    for value in values.values():
        if type(value) is not str:
            break
    else:  # texts are what there is most of; small ones are shown as they are
        try:
            data = _encoder.encode(values)
            if len(data) <= SMALL:
                return data
        except UnicodeEncodeError:
            pass  # a half of a character: ``preview`` replaces it
    shown = values if len(values) <= MAX_HANDLES else dict(islice(values.items(), MAX_HANDLES))
    return _encoder.encode({handle: preview(value) for handle, value in shown.items()})


def shown(text: str) -> str:
    """Return *text* so that it can be sent: not too long, and without halves of characters."""
    if len(text) > MAX_SHOWN:
        text = f"{text[:MAX_SHOWN]}…"
    return text if text.isascii() else text.encode(errors="replace").decode()


def describe_error(error: BaseException) -> str:
    """Return the message of an error as a caller may see it: its own words, else the name of its class."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error of a node's, whose own text may fail
        text = ""
    text = text.encode(errors="replace").decode()
    return text[:MAX_MESSAGE] or type(error).__name__
