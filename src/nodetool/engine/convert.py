"""Checks a value when it is set on a node. An int may become a float, an integral float an int; nothing else."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin
from uuid import UUID

import msgspec

from nodetool.sdk.describe import metadata

Convert = Callable[[Any], Any]

RICH = (bytes, bytearray, datetime, date, time, timedelta, Decimal, UUID)
"""Types that a document spells as text. Between nodes a text is a text, and does not become one of them."""


class Misfit(ValueError):
    """The value is not of the handle's type; the text says what was expected and what came."""


def converter(hint: Any, *, spelled: bool = False) -> Convert | None:
    """Return the check for values of the annotation *hint*, or None if any value will do.

    Args:
        spelled: values come from a document, where dates and bytes are spelled as text.
    """
    hint = _without_notes(hint)
    if hint is Any or hint is object:
        return None
    return _EXACT.get(hint) or _general(hint, spelled)


def _without_notes(hint: Any) -> Any:
    """A title or a description limits nothing: most handles with one are plain texts and numbers."""
    if get_origin(hint) is not Annotated:
        return hint
    bare, *extras = get_args(hint)
    return hint if any(isinstance(extra, msgspec.Meta) and _limits(extra) for extra in extras) else bare


def _limits(meta: msgspec.Meta) -> bool:
    named = ("gt", "ge", "lt", "le", "multiple_of", "pattern", "min_length", "max_length", "tz")
    return any(getattr(meta, name) is not None for name in named)


def _text(value: Any) -> Any:
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str(value)
    raise _misfit("str", value)


def _integer(value: Any) -> Any:
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise _misfit("int", value)


def _number(value: Any) -> Any:
    if type(value) is float:
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError as error:
            raise Misfit("expected float, got an int too large for one") from error
    raise _misfit("float", value)


def _boolean(value: Any) -> Any:
    if type(value) is bool:
        return value
    raise _misfit("bool", value)


def _text_or_bytes(value: Any) -> Any:
    """A union that msgspec does not take, as both are texts in JSON."""
    if isinstance(value, str | bytes):
        return value
    raise _misfit("str | bytes", value)


_EXACT: dict[Any, Convert] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _boolean,
    str | bytes: _text_or_bytes,
}


def _general(hint: Any, spelled: bool) -> Convert:
    whole = metadata(hint).type == "int"
    rich = () if spelled else RICH

    def convert(value: Any) -> Any:
        if whole and isinstance(value, float) and value.is_integer():
            value = int(value)
        try:
            return msgspec.convert(value, hint, builtin_types=rich)
        except msgspec.ValidationError as error:
            shown = f": {value!r:.80}" if isinstance(value, bool | int | float | str) else ""
            raise Misfit(f"{_lowered(str(error))}{shown}") from error

    return convert


def _lowered(text: str) -> str:
    """Write msgspec's "Expected `int`, got `str`" as we do."""
    return (text[:1].lower() + text[1:]).replace("`", "")


def _misfit(expected: str, value: Any) -> Misfit:
    return Misfit(f"expected {expected}, got {metadata(type(value)).type}")
