"""Nodes that take one value out of nested data."""

import re
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from nodetool.nodes._json import as_text, of_kind
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

T = TypeVar("T")

STEP = re.compile(r"[^.\[\]]+")


class _GetPath(Node):
    data: Any = None
    path: Annotated[str, Meta(description="Names and places, like users.0.name or users[0].name.")] = ""

    def _found(self, kind: type[T], default: T) -> T:
        found = _at(self.data, self.path)
        if found is None:
            return default
        try:
            return msgspec.convert(found, kind, strict=False)
        except msgspec.ValidationError as error:
            raise BadInput("path", f"{self.path!r} leads to a value that does not fit: {error}") from error


class GetJSONPathStr(_GetPath):
    """Take the text at a path; what is no text is written as JSON.
    json, path, extract, string

    Use cases:
    - Read a name out of the answer of a web service
    - Read a field of a nested record
    - Read a message, with a default
    """

    type_name: ClassVar = "lib.json.GetJSONPathStr"
    runs: ClassVar[Runs] = "inline"

    default: str = ""

    def process(self) -> str:
        found = _at(self.data, self.path)
        return self.default if found is None else as_text(found)


class GetJSONPathInt(_GetPath):
    """Take the whole number at a path.
    json, path, extract, integer, number

    Use cases:
    - Read a count out of the answer of a web service
    - Read an id or a status code
    - Read a setting, with a default
    """

    type_name: ClassVar = "lib.json.GetJSONPathInt"
    runs: ClassVar[Runs] = "inline"

    default: int = 0

    def process(self) -> int:
        return self._found(int, self.default)


class GetJSONPathFloat(_GetPath):
    """Take the number at a path.
    json, path, extract, float, number

    Use cases:
    - Read a price or a measured value
    - Read a coordinate
    - Read a threshold, with a default
    """

    type_name: ClassVar = "lib.json.GetJSONPathFloat"
    runs: ClassVar[Runs] = "inline"

    default: float = 0.0

    def process(self) -> float:
        return self._found(float, self.default)


class GetJSONPathBool(_GetPath):
    """Take the yes or no at a path.
    json, path, extract, boolean

    Use cases:
    - Read a flag out of the answer of a web service
    - Give an If its condition
    - Read a setting, with a default
    """

    type_name: ClassVar = "lib.json.GetJSONPathBool"
    runs: ClassVar[Runs] = "inline"

    default: bool = False

    def process(self) -> bool:
        return self._found(bool, self.default)


class GetJSONPathList(_GetPath):
    """Take the array at a path.
    json, path, extract, list, array

    Use cases:
    - Take the results out of the answer of a web service
    - Give a For Each its items
    - Read the children of a nested record
    """

    type_name: ClassVar = "lib.json.GetJSONPathList"
    runs: ClassVar[Runs] = "inline"

    default: list[Any] = []

    def process(self) -> list[Any]:
        return of_kind(list, _at(self.data, self.path, self.default), "path")


class GetJSONPathDict(_GetPath):
    """Take the object at a path.
    json, path, extract, dictionary, object

    Use cases:
    - Take one record out of the answer of a web service
    - Read a group of settings
    - Go one level down before reading several fields
    """

    type_name: ClassVar = "lib.json.GetJSONPathDict"
    runs: ClassVar[Runs] = "inline"

    default: dict[str, Any] = {}

    def process(self) -> dict[str, Any]:
        return of_kind(dict, _at(self.data, self.path, self.default), "path")


def _at(data: Any, path: str, default: Any = None) -> Any:
    """Return what *path* leads to, or *default* where there is nothing or null."""
    for step in STEP.findall(path.removeprefix("$")):
        data = _below(data, step)
    return default if data is None else data


def _below(data: Any, step: str) -> Any:
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list) and step.removeprefix("-").isdecimal():
        index = int(step)
        return data[index] if -len(data) <= index < len(data) else None
    return None
