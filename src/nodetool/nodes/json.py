"""Nodes that read, write, search and check JSON."""

import json
import re
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from nodetool.protocol.descriptions import Runs
from nodetool.protocol.values import plain, spelled
from nodetool.sdk import Meta, Node

T = TypeVar("T")

STEP = re.compile(r"[^.\[\]]+")
STRING_OR_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"?|\$[A-Za-z_]\w*', re.DOTALL)
VARIABLE = re.compile(r"\$[A-Za-z_]\w*")
KINDS = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


class ParseDict(Node):
    """Read a JSON object.
    json, parse, decode, dictionary, object

    Use cases:
    - Read the answer of a web service
    - Read settings that are kept as text
    - Use what a language model answered as JSON
    """

    type_name: ClassVar = "lib.json.ParseDict"
    runs: ClassVar[Runs] = "inline"

    json_string: str = ""

    def process(self) -> dict[str, Any]:
        return _of_kind(dict, _parsed(self.json_string, "json_string"), "json_string")


class ParseList(Node):
    """Read a JSON array.
    json, parse, decode, list, array

    Use cases:
    - Read a list of records from a web service
    - Give a For Each its items as text
    - Use a list that a language model wrote
    """

    type_name: ClassVar = "lib.json.ParseList"
    runs: ClassVar[Runs] = "inline"

    json_string: str = ""

    def process(self) -> list[Any]:
        return _of_kind(list, _parsed(self.json_string, "json_string"), "json_string")


class StringifyJSON(Node):
    """Write a value as JSON.
    json, stringify, encode, text

    Use cases:
    - Send data to a web service
    - Put a record into a prompt or a report
    - Keep data as text
    """

    type_name: ClassVar = "lib.json.StringifyJSON"
    runs: ClassVar[Runs] = "inline"

    data: Any = {}
    indent: Annotated[int, Meta(ge=0, le=16, description="Spaces for each level; 0 writes one line.")] = 2

    def process(self) -> str:
        return _written(self.data, self.indent)


class ValidateJSON(Node):
    """Say whether data fits a JSON Schema.
    json, validate, schema, check

    References to schemas elsewhere are not followed.

    Use cases:
    - Check what a caller sent before using it
    - Check the answer of a language model
    - Choose a branch by the shape of data
    """

    type_name: ClassVar = "lib.json.ValidateJSON"
    runs: ClassVar[Runs] = "inline"

    data: Any = None
    json_schema: dict[str, Any] = {}

    def process(self) -> bool:
        from nodetool.nodes import _schema  # it takes longer to import than all the nodes

        return _schema.fits(plain(self.data), self.json_schema)


class FilterJSON(Node):
    """Keep the objects of an array that have a certain value under a key.
    json, filter, array, search

    Use cases:
    - Find the records of one user
    - Keep items with a certain state
    - Pick one element of an answer
    """

    type_name: ClassVar = "lib.json.FilterJSON"
    runs: ClassVar[Runs] = "inline"

    array: list[dict[str, Any]] = []
    key: str = ""
    value: Any = None

    def process(self) -> list[dict[str, Any]]:
        return [item for item in self.array if self.key in item and _same(item[self.key], self.value)]


class JSONTemplate(Node):
    """Make a JSON object from a text in which $name stands for a value.
    json, template, substitute, variables

    Outside quotes a value is written as JSON, inside quotes as text: {"name": "$user", "age": $age}. Values cannot
    break out of their place.

    Use cases:
    - Build the body of a request
    - Make records from single values
    - Fill a document that is mostly fixed
    """

    type_name: ClassVar = "lib.json.JSONTemplate"
    title: ClassVar = "JSON Template"
    runs: ClassVar[Runs] = "inline"

    template: Annotated[str, Meta(description="A JSON object with $name in the places of values.")] = ""
    values: Annotated[dict[str, Any], Meta(description="The values by name.")] = {}

    def process(self) -> dict[str, Any]:
        text = STRING_OR_VARIABLE.sub(self._filled, self.template)
        return _of_kind(dict, _parsed(text, "template"), "template")

    def _filled(self, part: re.Match[str]) -> str:
        if part[0].startswith('"'):
            return VARIABLE.sub(self._inside, part[0])
        name = part[0][1:]
        if name not in self.values:
            raise ValueError(f"values: has no value for ${name}")
        return _written(self.values[name])

    def _inside(self, variable: re.Match[str]) -> str:
        name = variable[0][1:]
        return json.dumps(_as_text(self.values[name]))[1:-1] if name in self.values else variable[0]


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
            raise ValueError(f"path: {self.path!r} leads to a value that does not fit: {error}") from error


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
        return self.default if found is None else _as_text(found)


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
        return _of_kind(list, _at(self.data, self.path, self.default), "path")


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
        return _of_kind(dict, _at(self.data, self.path, self.default), "path")


def _parsed(text: str, handle: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError(f"{handle}: is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{handle}: {error}") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _written(value: Any, indent: int = 0) -> str:
    return json.dumps(spelled(plain(value)), ensure_ascii=False, indent=indent or None)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else _written(value)


def _of_kind(kind: type[T], value: Any, handle: str) -> T:
    if isinstance(value, kind):
        return value
    raise ValueError(f"{handle}: expected {KINDS[kind]}, got {KINDS.get(type(value), 'a number')}")


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


def _same(a: Any, b: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)
