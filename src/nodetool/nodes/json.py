"""Nodes that read, write, fill and check JSON."""

import json
import re
from typing import Annotated, Any, ClassVar

from nodetool.nodes._json import as_text, of_kind, parsed, written
from nodetool.nodes._time import in_time
from nodetool.protocol.descriptions import Runs
from nodetool.protocol.values import plain
from nodetool.sdk import BadInput, Meta, Node

STRING_OR_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"?|\$[A-Za-z_]\w*', re.DOTALL)
VARIABLE = re.compile(r"\$[A-Za-z_]\w*")


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
        return of_kind(dict, parsed(self.json_string, "json_string"), "json_string")


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
        return of_kind(list, parsed(self.json_string, "json_string"), "json_string")


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
        return written(self.data, self.indent)


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
    runs: ClassVar[Runs] = "async"

    data: Any = None
    json_schema: dict[str, Any] = {}

    async def process(self) -> bool:
        from nodetool.nodes import _schema  # it takes longer to import than all the nodes

        data = plain(self.data)
        try:
            return await in_time(lambda clock: _schema.fits(data, self.json_schema, clock))
        except TimeoutError:
            raise BadInput("json_schema", "takes too long on this data, and was stopped after a second") from None


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
        return of_kind(dict, parsed(text, "template"), "template")

    def _filled(self, part: re.Match[str]) -> str:
        if part[0].startswith('"'):
            return VARIABLE.sub(self._inside, part[0])
        name = part[0][1:]
        if name not in self.values:
            raise BadInput("values", f"has no value for ${name}")
        return written(self.values[name])

    def _inside(self, variable: re.Match[str]) -> str:
        name = variable[0][1:]
        return json.dumps(as_text(self.values[name]))[1:-1] if name in self.values else variable[0]


def _same(a: Any, b: Any) -> bool:
    """Compare as JSON does: true is not 1."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)
