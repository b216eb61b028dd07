"""Nodes that read and make dictionaries. None changes the dictionary it is given."""

from typing import Annotated, Any, ClassVar, Literal

from nodetool.nodes._json import of_kind, parsed
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Conflict = Literal["first", "last", "error"]


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


class Update(Node):
    """Put further values into a dictionary; where a key is there already, the new value wins.
    dictionary, update, add, merge, set

    Use cases:
    - Add fields to a record
    - Change some settings
    - Correct values
    """

    type_name: ClassVar = "nodetool.dictionary.Update"
    runs: ClassVar[Runs] = "inline"

    dictionary: dict[str, Any] = {}
    new_pairs: dict[str, Any] = {}

    def process(self) -> dict[str, Any]:
        return {**self.dictionary, **self.new_pairs}


class Remove(Node):
    """Leave one key of a dictionary out. A key that is not there changes nothing.
    dictionary, remove, delete, key

    Use cases:
    - Take a secret out before a record goes on
    - Take a large field out
    - Clean a record up
    """

    type_name: ClassVar = "nodetool.dictionary.Remove"
    runs: ClassVar[Runs] = "inline"

    dictionary: dict[str, Any] = {}
    key: str = ""

    def process(self) -> dict[str, Any]:
        return {key: value for key, value in self.dictionary.items() if key != self.key}


class Filter(Node):
    """Keep certain keys of a dictionary. Those that are not there are passed over.
    dictionary, filter, select, keys, pick

    Use cases:
    - Keep the fields that are needed
    - Give away nothing but what is meant to be seen
    - Bring records into one form
    """

    type_name: ClassVar = "nodetool.dictionary.Filter"
    runs: ClassVar[Runs] = "inline"

    dictionary: dict[str, Any] = {}
    keys: list[str] = []

    def process(self) -> dict[str, Any]:
        return {key: self.dictionary[key] for key in self.keys if key in self.dictionary}


class Zip(Node):
    """Make a dictionary of a list of keys and a list of values. What is too long is cut off.
    dictionary, zip, keys, values, create

    Use cases:
    - Make a record of the header and a row of a table
    - Name the results of several nodes
    - Join two columns
    """

    type_name: ClassVar = "nodetool.dictionary.Zip"
    runs: ClassVar[Runs] = "inline"

    keys: list[Any] = []
    values: list[Any] = []

    def process(self) -> dict[Any, Any]:
        for key in self.keys:
            _check_key(key, "keys")
        return dict(zip(self.keys, self.values, strict=False))


class ParseJSON(Node):
    """Read a JSON object.
    dictionary, json, parse, decode, object

    Use cases:
    - Read the answer of a web service
    - Read settings that are kept as text
    - Use what a language model answered as JSON
    """

    type_name: ClassVar = "nodetool.dictionary.ParseJSON"
    runs: ClassVar[Runs] = "inline"

    json_string: str = ""

    def process(self) -> dict[str, Any]:
        return of_kind(dict, parsed(self.json_string, "json_string"), "json_string")


class ReduceDictionaries(Node):
    """Make one dictionary of many: the value of one field of each is a key, that of another its value.
    dictionary, reduce, index, group, lookup

    Without a value field the rest of the dictionary is the value.

    Use cases:
    - Make a table of prices by name of the rows of a table
    - Find records by their id
    - Make settings of rows with a name and a value
    """

    type_name: ClassVar = "nodetool.dictionary.ReduceDictionaries"
    runs: ClassVar[Runs] = "inline"

    dictionaries: list[dict[str, Any]] = []
    key_field: Annotated[str, Meta(description="The field that gives the key.")] = ""
    value_field: Annotated[str | None, Meta(description="The field that gives the value.")] = None
    conflict_resolution: Annotated[Conflict, Meta(description="Which counts if two have the same key.")] = "first"

    def process(self) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for row in self.dictionaries:
            key = _field(row, self.key_field, "key_field")
            _check_key(key, "key_field")
            if key not in made or self.conflict_resolution == "last":
                made[key] = self._value(row)
            elif self.conflict_resolution == "error":
                raise BadInput("key_field", "two dictionaries have the same value there", key)
        return made

    def _value(self, row: dict[str, Any]) -> Any:
        if self.value_field:
            return _field(row, self.value_field, "value_field")
        return {name: value for name, value in row.items() if name != self.key_field}


class ArgMax(Node):
    """Take the key with the largest number; of several, the first.
    dictionary, argmax, largest, best, score

    Use cases:
    - Take the likeliest answer of a classifier
    - Find who has the most votes
    - Find the largest share
    """

    type_name: ClassVar = "nodetool.dictionary.ArgMax"
    runs: ClassVar[Runs] = "inline"

    scores: dict[str, float] = {}

    def process(self) -> str:
        if not self.scores:
            raise BadInput("scores", "must not be empty")
        return max(self.scores, key=self.scores.__getitem__)


def _field(row: dict[str, Any], name: str, handle: str) -> Any:
    if name not in row:
        raise BadInput(handle, f"a dictionary has no {name!r}; it has {', '.join(row) or 'nothing'}")
    return row[name]


def _check_key(key: Any, handle: str) -> None:
    if not isinstance(key, str | int | float | None):
        raise BadInput(handle, "a key has to be a text or a number", key)
