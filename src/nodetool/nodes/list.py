"""Nodes that measure, cut, sort and change lists. None changes the list it is given."""

import random
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

TransformType = Literal["to_int", "to_float", "to_string", "uppercase", "lowercase", "strip"]


class Length(Node):
    """Count the elements of a list.
    list, length, count, size

    Use cases:
    - Tell how many rows a filter left
    - Decide whether there is anything to do
    - Put the number of items into a report
    """

    type_name: ClassVar = "nodetool.list.Length"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []

    def process(self) -> int:
        return len(self.values)


class Slice(Node):
    """Take a part of a list.
    list, slice, part, range

    Negative places count from the end. A stop of 0 means up to the end.

    Use cases:
    - Take the first ten of a sorted list
    - Leave a heading out
    - Take every second element, or the list in reverse (start -1, step -1)
    """

    type_name: ClassVar = "nodetool.list.Slice"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    start: Annotated[int, Meta(description="Place of the first element; 0 is the beginning, -1 the last.")] = 0
    stop: Annotated[int, Meta(description="Place before which to stop; 0 is the end of the list.")] = 0
    step: Annotated[int, Meta(description="Take every step-th element; not 0.")] = 1

    def process(self) -> list[Any]:
        if self.step == 0:
            raise BadInput("step", "must not be 0")
        return self.values[self.start : self.stop or None : self.step]


class Sort(Node):
    """Put the elements of a list in order.
    list, sort, order

    Use cases:
    - Put names in the order of the alphabet
    - Find the largest numbers, together with a Slice
    - Make a result independent of the order it came in
    """

    type_name: ClassVar = "nodetool.list.Sort"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    order: Literal["ascending", "descending"] = "ascending"

    def process(self) -> list[Any]:
        try:
            return sorted(self.values, reverse=self.order == "descending")
        except TypeError as error:
            kinds = " and ".join(sorted({type(value).__name__ for value in self.values}))
            raise BadInput("values", f"{kinds} cannot be put in order") from error


class MapField(Node):
    """Take one field out of each dictionary of a list.
    list, map, field, column, dictionary

    Use cases:
    - Take a column out of a table
    - Collect the names of all records
    - Make a list of texts for a Join
    """

    type_name: ClassVar = "nodetool.list.MapField"
    runs: ClassVar[Runs] = "inline"

    values: list[dict[str, Any]] = []
    field: str = ""
    default: Annotated[Any, Meta(description="Stands for a field that is not there.")] = None

    def process(self) -> list[Any]:
        return [row.get(self.field, self.default) for row in self.values]


class GetElement(Node):
    """Take the element at a place of a list.
    list, get, element, index, item

    Negative places count from the end. A place that the list does not have is an error.

    Use cases:
    - Take the first or the last (-1) result
    - Take one cell of a row
    - Take an element whose number another node gives
    """

    type_name: ClassVar = "nodetool.list.GetElement"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    index: Annotated[int, Meta(description="0 is the first element, -1 the last.")] = 0

    def process(self) -> Any:
        return _at(self.values, self.index, "index")


class SelectElements(Node):
    """Take the elements at several places of a list, in the order of the places.
    list, select, elements, indices, pick

    Use cases:
    - Take some columns of a row
    - Bring elements into another order
    - Take a sample
    """

    type_name: ClassVar = "nodetool.list.SelectElements"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    indices: Annotated[list[int], Meta(description="0 is the first element, -1 the last.")] = []

    def process(self) -> list[Any]:
        return [_at(self.values, index, "indices") for index in self.indices]


class Append(Node):
    """Put a value at the end of a list.
    list, append, add, element

    Use cases:
    - Add a row to a table
    - Add a last message to a conversation
    - Add a total to figures
    """

    type_name: ClassVar = "nodetool.list.Append"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    value: Any = None

    def process(self) -> list[Any]:
        return [*self.values, self.value]


class Extend(Node):
    """Put one list behind another.
    list, extend, concatenate, join

    Use cases:
    - Put the pages of a result together
    - Join the rows of two tables
    - Join the results of two branches
    """

    type_name: ClassVar = "nodetool.list.Extend"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    other_values: list[Any] = []

    def process(self) -> list[Any]:
        return [*self.values, *self.other_values]


class Chunk(Node):
    """Cut a list into lists of a size; the last one may be shorter.
    list, chunk, batch, split, pages

    Use cases:
    - Send items to a service some at a time
    - Make pages of a table
    - Make rows of a list of cells
    """

    type_name: ClassVar = "nodetool.list.Chunk"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    chunk_size: Annotated[int, Meta(ge=1, description="Elements of a chunk.")] = 1

    def process(self) -> list[list[Any]]:
        return [self.values[start : start + self.chunk_size] for start in range(0, len(self.values), self.chunk_size)]


class Reverse(Node):
    """Turn a list round.
    list, reverse, order

    Use cases:
    - Show the newest first
    - Go through steps from the end
    - Turn an order round that a Sort made
    """

    type_name: ClassVar = "nodetool.list.Reverse"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []

    def process(self) -> list[Any]:
        return self.values[::-1]


class Randomize(Node):
    """Bring the elements of a list into an order of chance.
    list, shuffle, random, order

    Use cases:
    - Draw lots
    - Mix questions or examples
    - Take a random sample, together with a Slice
    """

    type_name: ClassVar = "nodetool.list.Randomize"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []

    def process(self) -> list[Any]:
        return random.sample(self.values, len(self.values))


class Flatten(Node):
    """Put the elements of lists in a list into one list.
    list, flatten, nested, join

    Use cases:
    - Join the results of several searches
    - Join the rows of several tables
    - Make one list of what a Chunk cut
    """

    type_name: ClassVar = "nodetool.list.Flatten"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    max_depth: Annotated[int, Meta(ge=-1, description="How many levels to take away; -1 is all of them.")] = -1

    def process(self) -> list[Any]:
        try:
            return list(_flat(self.values, self.max_depth))
        except RecursionError:
            raise BadInput("values", "is nested too deeply") from None


class Transform(Node):
    """Change each element of a list in the same way.
    list, transform, map, convert

    Use cases:
    - Make numbers of the cells of a table
    - Write all tags in small letters
    - Take spaces away from lines
    """

    type_name: ClassVar = "nodetool.list.Transform"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []
    transform_type: TransformType = "to_string"

    def process(self) -> list[Any]:
        return [self._changed(value) for value in self.values]

    def _changed(self, value: Any) -> Any:
        try:
            match self.transform_type:
                case "to_int":
                    return int(value)
                case "to_float":
                    return float(value)
                case "to_string":
                    return str(value)
                case "uppercase":
                    return str(value).upper()
                case "lowercase":
                    return str(value).lower()
                case "strip":
                    return str(value).strip()
        except (TypeError, ValueError, OverflowError) as error:
            raise BadInput("values", f"{self.transform_type} cannot be done", value) from error


def _at(values: list[Any], index: int, handle: str) -> Any:
    if -len(values) <= index < len(values):
        return values[index]
    raise BadInput(handle, f"the list has {len(values)} elements", index)


def _flat(values: list[Any], depth: int) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list) and depth != 0:
            yield from _flat(value, depth - 1)
        else:
            yield value
