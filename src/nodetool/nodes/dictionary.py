"""Nodes that read and make dictionaries. None changes the dictionary it is given."""

from typing import Annotated, Any, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Meta, Node


class GetValue(Node):
    """Take the value under a key.
    dictionary, get, lookup, key, value

    If the key is not there and there is no default, nothing is sent on.

    Use cases:
    - Read one field of a record
    - Read a setting, with a default
    - Take a part out of parsed JSON
    """

    type_name: ClassVar = "nodetool.dictionary.GetValue"
    runs: ClassVar[Runs] = "inline"

    dictionary: dict[str, Any] = {}
    key: str = ""
    default: Annotated[Any, Meta(description="Stands for a key that is not there.")] = None

    def process(self) -> Any:
        return self.dictionary.get(self.key, self.default)


class Combine(Node):
    """Put two dictionaries together; where both have a key, the second wins.
    dictionary, combine, merge, update

    Use cases:
    - Override defaults by given settings
    - Add fields to a record
    - Put the results of two branches together
    """

    type_name: ClassVar = "nodetool.dictionary.Combine"
    runs: ClassVar[Runs] = "inline"

    dict_a: dict[str, Any] = {}
    dict_b: dict[str, Any] = {}

    def process(self) -> dict[str, Any]:
        return {**self.dict_a, **self.dict_b}


class MakeDictionary(Node):
    """Make a dictionary of all inputs, each under its name.
    dictionary, create, keys, values, dynamic

    Use cases:
    - Return several values as one result
    - Build a record from single values
    - Give a template its values in one piece
    """

    type_name: ClassVar = "nodetool.dictionary.MakeDictionary"
    runs: ClassVar[Runs] = "inline"
    is_dynamic: ClassVar = True

    dynamic: dict[str, Any] = {}

    def process(self) -> dict[str, Any]:
        return dict(self.dynamic)
