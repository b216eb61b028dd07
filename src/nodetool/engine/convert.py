"""Checks a value when it is set on a node. An int may become a float, an integral float an int; nothing else."""

from collections.abc import Callable
from typing import Any

import msgspec

from nodetool.sdk.describe import metadata

Convert = Callable[[Any], Any]


class Misfit(ValueError):
    """The value is not of the handle's type; the text says what was expected and what came."""


def converter(hint: Any) -> Convert:
    """Return the check for values of the annotation *hint*. Made once for a class and field."""
    if hint is Any or hint is object:
        return _same
    if hint in _EXACT:
        return _EXACT[hint]
    return _general(hint)


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str(value)
    raise _misfit("str", value)


def _integer(value: Any) -> Any:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise _misfit("int", value)


def _number(value: Any) -> Any:
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    raise _misfit("float", value)


def _boolean(value: Any) -> Any:
    if type(value) is bool:
        return value
    raise _misfit("bool", value)


_EXACT: dict[Any, Convert] = {str: _text, int: _integer, float: _number, bool: _boolean}


def _general(hint: Any) -> Convert:
    expected = metadata(hint).type
    whole = expected == "int"

    def convert(value: Any) -> Any:
        if whole and type(value) is float and value.is_integer():
            value = int(value)
        try:
            return msgspec.convert(value, hint)
        except msgspec.ValidationError as error:
            if isinstance(value, bool | int | float | str):
                raise Misfit(f"{error}: {value!r:.80}") from error
            raise Misfit(f"{error}") from error

    return convert


def _misfit(expected: str, value: Any) -> Misfit:
    return Misfit(f"expected {expected}, got {metadata(type(value)).type}")
