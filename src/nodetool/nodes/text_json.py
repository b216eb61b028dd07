"""Nodes that read JSON out of text."""

from typing import Annotated, Any, ClassVar

from nodetool.nodes._json import parsed
from nodetool.nodes._path import find
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Meta, Node


class ParseJSON(Node):
    """Read JSON of any kind: an object, an array, a text, a number.
    text, json, parse, decode

    Use cases:
    - Read the answer of a web service
    - Read what a language model answered as JSON
    - Read values that are kept as text
    """

    type_name: ClassVar = "nodetool.text.ParseJSON"
    title: ClassVar = "Parse JSON String"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> Any:
        return parsed(self.text, "text")


class ExtractJSON(Node):
    """Read JSON, and take out what a path leads to.
    text, json, path, extract, query

    The path is JSONPath: $.users[0].name, $.users[*].name, $..name, $.rows[1:3]. If it leads nowhere, nothing is sent
    on; with find all, an empty list.

    Use cases:
    - Read one field of the answer of a web service
    - List a field of all records
    - Find a field, however deep it is
    """

    type_name: ClassVar = "nodetool.text.ExtractJSON"
    title: ClassVar = "Extract JSON"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    json_path: Annotated[str, Meta(description="A JSONPath without scripts.")] = "$.*"
    find_all: Annotated[bool, Meta(description="Return a list of all values, not the first one.")] = False

    def process(self) -> Any:
        found = find(parsed(self.text, "text"), self.json_path)
        return found if self.find_all else next(iter(found), None)
