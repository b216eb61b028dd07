"""Does a value fit a type? For values in documents and in params; edges are the business of ``types``."""

import base64
import math
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec

from nodetool.graph.types import item_of, spell
from nodetool.protocol.descriptions import TypeMetadata
from nodetool.protocol.values import INT_MAX, INT_MIN, Plain, Unsendable


class Misfit(ValueError):
    """A value that does not fit; the text says what was expected, never the value itself."""


def fit(value: Any, wanted: TypeMetadata) -> Any:
    """Return *value* as one of *wanted*: an int where a float is meant becomes one, and a float of whole value an int.

    Raises:
        Misfit: for any other difference.
    """
    if value is None and wanted.optional:
        return None
    return _FITTERS.get(wanted.type, _named)(value, wanted)


def check_limits(value: Any, least: float | None, most: float | None) -> None:
    """Raise Misfit if *value* is a number beyond its limits."""
    if not is_number(value):
        return
    if least is not None and value < least:
        raise Misfit(f"has to be at least {_spell_number(least)}")
    if most is not None and value > most:
        raise Misfit(f"has to be at most {_spell_number(most)}")


def _spell_number(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_empty(value: Any) -> bool:
    """Say whether *value* is what an editor leaves in a field that nobody filled in."""
    return value is None or value in ("", [], {}) or _is_no_moment(value)


def _is_no_moment(value: Any) -> bool:
    """NodeTool writes a date that was never set as one of the year 0."""
    return isinstance(value, dict) and value.get("type") in ("date", "datetime") and value.get("year") == 0


def _any(value: Any, _: TypeMetadata) -> Any:
    maker = Plain()
    try:
        made = maker.of(value)
    except Unsendable as error:
        raise Misfit(str(error)) from error
    if maker.lost_numbers:
        raise Misfit("NaN and infinities cannot be sent")
    return made


def _none(value: Any, wanted: TypeMetadata) -> None:
    if value is not None:
        raise _misfit(value, wanted)


def _str(value: Any, wanted: TypeMetadata) -> str:
    if not isinstance(value, str):
        raise _misfit(value, wanted)
    return value


def _bool(value: Any, wanted: TypeMetadata) -> bool:
    if not isinstance(value, bool):
        raise _misfit(value, wanted)
    return value


def _int(value: Any, wanted: TypeMetadata) -> int:
    if not is_number(value) or (isinstance(value, float) and not value.is_integer()):
        raise _misfit(value, wanted)
    if not INT_MIN <= value <= INT_MAX:
        raise Misfit("an integer of more than 64 bits cannot be sent")
    return int(value)


def _float(value: Any, wanted: TypeMetadata) -> float:
    if not is_number(value):
        raise _misfit(value, wanted)
    if isinstance(value, int):
        return float(_int(value, wanted))
    if not math.isfinite(value):
        raise Misfit("NaN and infinities cannot be sent")
    return float(value)


def _bytes(value: Any, wanted: TypeMetadata) -> bytes:
    """JSON spells bytes as ``{"type": "bytes", "base64": …}``."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, dict) or value.get("type") != "bytes" or not isinstance(value.get("base64"), str):
        raise _misfit(value, wanted)
    try:
        return base64.b64decode(value["base64"], validate=True)
    except ValueError as error:
        raise Misfit("this is not base64") from error


def _list(value: Any, wanted: TypeMetadata) -> Any:
    if not isinstance(value, list):
        raise _misfit(value, wanted)
    item = item_of(wanted)
    if item.type == "any":
        return _any(value, item)
    return [_part(one, item, f"item {index}") for index, one in enumerate(value)]


def _tuple(value: Any, wanted: TypeMetadata) -> Any:
    """A tuple of one type is of any length."""
    if not isinstance(value, list) or len(wanted.type_args) < 2:
        return _list(value, wanted)
    if len(value) != len(wanted.type_args):
        raise Misfit(f"expected {spell(wanted)}, got {len(value)} items")
    pairs = enumerate(zip(value, wanted.type_args, strict=True))
    return [_part(one, kind, f"item {index}") for index, (one, kind) in pairs]


def _dict(value: Any, wanted: TypeMetadata) -> Any:
    if not isinstance(value, dict):
        raise _misfit(value, wanted)
    item = item_of(wanted)
    if item.type == "any":
        return _any(value, item)
    return {str(key): _part(one, item, f"{str(key)[:64]!r}") for key, one in value.items()}


def _part(value: Any, wanted: TypeMetadata, place: str) -> Any:
    try:
        return fit(value, wanted)
    except Misfit as error:
        raise Misfit(f"{place}: {error}") from error


def _enum(value: Any, wanted: TypeMetadata) -> Any:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise _misfit(value, wanted)
    if wanted.values is not None and value not in wanted.values:
        raise Misfit(f"expected {spell(wanted)}, got another value")
    return value


def _union(value: Any, wanted: TypeMetadata) -> Any:
    """A member that takes the value as it is goes before one that changes it, as float does with an int."""
    found = [fitted for member in wanted.type_args for fitted in _tried(value, member)]
    for fitted in found:
        if fitted is value or (fitted == value and type(fitted) is type(value)):
            return fitted
    if found:
        return found[0]
    raise _misfit(value, wanted)


def _tried(value: Any, wanted: TypeMetadata) -> list[Any]:
    try:
        return [fit(value, wanted)]
    except Misfit:
        return []


def _moment(value: Any, wanted: TypeMetadata) -> str:
    """Return a date or a time as text. NodeTool writes it as a map of its parts."""
    text = value if isinstance(value, str) else _spelled(_named(value, wanted))
    if wanted.type == "datetime" and _DAY.fullmatch(text):
        text += "T00:00:00Z"
    try:
        msgspec.convert(text, datetime if wanted.type == "datetime" else date)
    except msgspec.ValidationError as error:
        raise Misfit(f"expected {wanted.type}, like {_EXAMPLES[wanted.type]}, and this is none") from error
    return text


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_EXAMPLES = {"date": "2026-01-31", "datetime": "2026-01-31T12:00:00Z"}


def _spelled(parts: dict[str, Any]) -> str:
    year, month, day, hour, minute, second, microsecond = (_part_of(parts, name) for name in _PARTS)
    written = f"{year:04}-{month:02}-{day:02}"
    if parts["type"] == "date":
        return written
    offset = _part_of(parts, "utc_offset")
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 3600:02}:{abs(offset) // 60 % 60:02}"
    return f"{written}T{hour:02}:{minute:02}:{second:02}.{microsecond:06}{zone}"


_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


def _part_of(parts: dict[str, Any], name: str) -> int:
    value = parts.get(name, 0)
    return value if isinstance(value, int) else 0


def _named(value: Any, wanted: TypeMetadata) -> Any:
    """Images, models and the like are maps that say their type."""
    if not isinstance(value, dict) or value.get("type") != wanted.type:
        raise _misfit(value, wanted)
    return _any(value, wanted)


def _object(value: Any, wanted: TypeMetadata) -> Any:
    """What has no name of its own; its class knows best, when it is set."""
    return _any(value, wanted)


def _misfit(value: Any, wanted: TypeMetadata) -> Misfit:
    return Misfit(f"expected {spell(wanted)}, got {_name_of(value)}")


def _name_of(value: Any) -> str:
    """Return the type of *value* as handles call it; a map may say its own."""
    given = value.get("type") if isinstance(value, dict) else None
    if isinstance(given, str) and 0 < len(given) <= 64:
        return given
    return "null" if value is None else type(value).__name__


_FITTERS: dict[str, Callable[[Any, TypeMetadata], Any]] = {
    "any": _any,
    "object": _object,
    "none": _none,
    "str": _str,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "bytes": _bytes,
    "list": _list,
    "tuple": _tuple,
    "dict": _dict,
    "enum": _enum,
    "union": _union,
    "datetime": _moment,
    "date": _moment,
}
