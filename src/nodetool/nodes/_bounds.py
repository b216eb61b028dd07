"""How large a single step of a template may make something. Longer steps are what the clock of a template cannot see.

Each rule says, before the step is done, how large its result would be at most.
"""

import re
from collections.abc import Callable, Mapping, Sized
from typing import Any

from jinja2 import TemplateRuntimeError

LARGEST = 10_000_000
"""Characters of a text, or items of a list."""

MAX_BITS = 10_000
"""Of a whole number: about 3,000 digits."""

MAX_WIDTH = 10_000
"""Of a number or text that is formatted; also places behind the point, and spaces of an indent."""

MAX_MARKUP = 100_000
"""Characters of a text in which tags or links are looked for, which takes longer the longer it is."""

FORMAT = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?")
FIELD = re.compile(r"\{[^{}]*:([^{}]*)(\{?)")

Rule = Callable[..., int]
"""Takes what the step takes, and says how large its result may be."""


class TooLarge(TemplateRuntimeError):
    """A step of the template would make something too large."""


def check(size: int, limit: int = LARGEST) -> None:
    if size > limit:
        raise TooLarge(f"this would make something of size {size}, and {limit} is the limit")


# Operators.


def operate(operator: str, left: Any, right: Any) -> None:
    """Raise TooLarge if the result of an operator would be."""
    if operator in _OPERATORS:
        _OPERATORS[operator](left, right)


def _add(left: Any, right: Any) -> None:
    if isinstance(left, Sized) and isinstance(right, Sized):
        check(len(left) + len(right))


def _multiply(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        check(left.bit_length() + right.bit_length(), MAX_BITS)
    elif isinstance(left, Sized) and isinstance(right, int):
        check(len(left) * right)
    elif isinstance(right, Sized) and isinstance(left, int):
        check(len(right) * left)


def _power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        check(left.bit_length() * right, MAX_BITS)


def _remainder(left: Any, right: Any) -> None:  # noqa: ARG001 - the signature of an operator
    if isinstance(left, str):
        check_format(left)


_OPERATORS: dict[str, Callable[[Any, Any], None]] = {
    "+": _add,
    "*": _multiply,
    "**": _power,
    "%": _remainder,
}


def check_format(text: str) -> None:
    """Look at the widths that ``text % values`` would use."""
    for place in FORMAT.finditer(text):
        for width in place.groups():
            check_width(width or "0")


def check_fields(text: str) -> None:
    """Look at the widths that ``text.format(…)`` would use."""
    for place in FIELD.finditer(text):
        for width in ("*" if place[2] else "0", *re.findall(r"\d+", place[1])):
            check_width(width)


def check_width(width: str | int) -> None:
    if width == "*":
        raise TooLarge("a width has to be written as a number")
    check(abs(int(str(width)[:10])), MAX_WIDTH)


# Methods of texts.


def call(method: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments with which a method of a text may be called; others as they are. Raises TooLarge."""
    text = getattr(method, "__self__", None)
    name = getattr(method, "__name__", "")
    if hasattr(method, "__wrapped__") and name in ("format", "format_map"):
        check_fields(method.__wrapped__.__self__)
    elif isinstance(text, str) and name in _METHODS:
        if name == "join" and arguments:
            arguments = (list(arguments[0]), *arguments[1:])
        check(_METHODS[name](text, *arguments))
    return arguments


def _wide(_: str, width: Any = 0, *__: Any) -> int:
    return int(width) if isinstance(width, int) else 0


def _tabs(text: str, size: Any = 8) -> int:
    return text.count("\t") * _wide(text, size)


def _replaced(text: str, old: Any = "", new: Any = "", *_: Any) -> int:
    return len(text) + (text.count(str(old)) * len(str(new)))


def _joined(text: str, parts: Any = (), *_: Any) -> int:
    return len(text) * len(parts) + sum(len(part) for part in parts if isinstance(part, str))


_METHODS: Mapping[str, Rule] = {
    "center": _wide,
    "expandtabs": _tabs,
    "join": _joined,
    "ljust": _wide,
    "replace": _replaced,
    "rjust": _wide,
    "zfill": _wide,
}


# Filters.


def filtered(name: str, value: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
    """Raise TooLarge if what the filter *name* makes of *value* would be."""
    if name in _FILTERS:
        check(_FILTERS[name](value, *arguments, **named))


def _indented(text: Any, width: Any = 4, *_: Any, **__: Any) -> int:
    spaces = len(width) if isinstance(width, str) else int(width)
    return (str(text).count("\n") + 1) * spaces


def _in_parts(_: Any, parts: Any = 0, *__: Any, **named: Any) -> int:
    return int(named.get("linecount", named.get("slices", parts)))


def _formatted(text: Any, *_: Any, **__: Any) -> int:
    check_format(str(text))
    return 0


def _rounded(_: Any, precision: Any = 0, *__: Any, **___: Any) -> int:
    check(abs(int(precision)), 300)
    return 0


def _wrapped(text: Any, *arguments: Any, **named: Any) -> int:
    between = named.get("wrapstring", arguments[2] if len(arguments) > 2 else None)
    return len(str(text)) * len(between or "\n")


def _as_json(_: Any, indent: Any = None, **__: Any) -> int:
    check_width(indent or 0)
    return 0


def _marked_up(text: Any, *_: Any, **__: Any) -> int:
    check(len(str(text)), MAX_MARKUP)
    return 0


def _summed(_: Any, attribute: Any = None, start: Any = 0) -> int:  # noqa: ARG001 - the signature of a filter
    if not isinstance(start, int | float):
        raise TooLarge("sum adds numbers only")
    return 0


def _centered(_: Any, width: Any = 80) -> int:
    return int(width)


def _exchanged(text: Any, old: Any = "", new: Any = "", *_: Any, **__: Any) -> int:
    return _replaced(str(text), old, new)


def _listed(values: Any, d: Any = "", *_: Any, **__: Any) -> int:
    return _joined(str(d), values if isinstance(values, list | tuple) else ())


_FILTERS: Mapping[str, Rule] = {
    "batch": _in_parts,
    "center": _centered,
    "format": _formatted,
    "indent": _indented,
    "join": _listed,
    "replace": _exchanged,
    "round": _rounded,
    "slice": _in_parts,
    "striptags": _marked_up,
    "sum": _summed,
    "tojson": _as_json,
    "urlize": _marked_up,
    "wordwrap": _wrapped,
}
