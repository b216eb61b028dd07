"""Nodes that measure, cut, sort and filter lists. None changes the list it is given."""

import operator
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Context, Meta, Node

Rows = list[dict[str, Any]]
Test = Callable[[Any], bool]

NumberFilter = Literal["greater_than", "less_than", "equal_to", "even", "odd", "positive", "negative"]
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "greater_than": operator.gt,
    "less_than": operator.lt,
    "equal_to": operator.eq,
}
PROPERTIES: dict[str, Callable[[float], bool]] = {
    "even": lambda number: number % 2 == 0,
    "odd": lambda number: number % 2 == 1,
    "positive": lambda number: number > 0,
    "negative": lambda number: number < 0,
}

ValueFilter = Literal[
    "contains", "starts_with", "ends_with", "equals", "type_is", "length_greater", "length_less", "exact_length"
]
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "equals": operator.eq,
}
LENGTHS: dict[str, Callable[[int, int], bool]] = {
    "length_greater": operator.gt,
    "length_less": operator.lt,
    "exact_length": operator.eq,
}


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
            raise ValueError("step: must not be 0")
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
            raise ValueError(f"values: {kinds} cannot be put in order") from error


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


class FilterDictsByNumber(Node):
    """Keep the dictionaries whose number under a key passes a test.
    list, filter, dictionary, number, compare

    Dictionaries without a number there are left out, and the log says how many.

    Use cases:
    - Keep the rows of a table above a limit
    - Take negative amounts out
    - Find the record with a certain number
    """

    type_name: ClassVar = "nodetool.list.FilterDictsByNumber"
    runs: ClassVar[Runs] = "inline"

    values: list[dict[str, Any]] = []
    key: str = ""
    filter_type: NumberFilter = "greater_than"
    value: Annotated[float | None, Meta(description="What to compare with; the other tests need none.")] = None

    def process(self, ctx: Context) -> Rows:
        passes = self._test()
        numbered = [row for row in self.values if _is_number(row.get(self.key))]
        if left_out := len(self.values) - len(numbered):
            ctx.log(f"{left_out} of {len(self.values)} dictionaries have no number under {self.key!r}", "warning")
        return [row for row in numbered if passes(row[self.key])]

    def _test(self) -> Test:
        if self.filter_type in PROPERTIES:
            return PROPERTIES[self.filter_type]
        value, compare = self.value, COMPARISONS[self.filter_type]
        if value is None:
            raise ValueError(f"value: {self.filter_type} needs a number to compare with")
        return lambda number: compare(number, value)


class FilterDictsByValue(Node):
    """Keep the dictionaries whose value under a key passes a test.
    list, filter, dictionary, value, text

    Numbers and other values are compared as text. Dictionaries without the key are left out.

    Use cases:
    - Keep the rows of one city or one category
    - Find records that mention a word
    - Leave records out whose text is too short
    """

    type_name: ClassVar = "nodetool.list.FilterDictsByValue"
    runs: ClassVar[Runs] = "inline"

    values: list[dict[str, Any]] = []
    key: str = ""
    filter_type: ValueFilter = "contains"
    criteria: Annotated[str, Meta(description="The text to find, the name of a type (str, int, …), or a length.")] = ""

    def process(self) -> Rows:
        passes = self._test()
        return [row for row in self.values if self.key in row and passes(row[self.key])]

    def _test(self) -> Test:
        criteria = self.criteria
        if self.filter_type == "type_is":
            return lambda value: type(value).__name__ == criteria
        if self.filter_type in LENGTHS:
            compare, length = LENGTHS[self.filter_type], self._length()
            return lambda value: hasattr(value, "__len__") and compare(len(value), length)
        matches = TEXTS[self.filter_type]
        return lambda value: matches(str(value), criteria)

    def _length(self) -> int:
        try:
            return int(self.criteria)
        except ValueError:
            raise ValueError(f"criteria: {self.filter_type} needs a whole number, got {self.criteria!r}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
