"""Nodes that keep some dictionaries of a list and leave the others out. None changes the list it is given."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from nodetool.nodes._filters import NumberFilter, ValueFilter, matches, number_test, range_test, value_test
from nodetool.nodes._time import in_time
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Context, Meta, Node

if TYPE_CHECKING:
    from nodetool.nodes._regex import Search
    from nodetool.nodes._time import Clock

Rows = list[dict[str, Any]]


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
        passes = number_test(self.filter_type, self.value)
        return [row for row in _numbered(self.values, self.key, ctx) if passes(row[self.key])]


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
        passes = value_test(self.filter_type, self.criteria)
        return [row for row in self.values if self.key in row and passes(row[self.key])]


class FilterDictsByRange(Node):
    """Keep the dictionaries whose number under a key lies in a range.
    list, filter, dictionary, number, range, between

    Dictionaries without a number there are left out, and the log says how many.

    Use cases:
    - Keep the rows of a table between two limits
    - Find prices, ages or years of a range
    - Take outliers out
    """

    type_name: ClassVar = "nodetool.list.FilterDictsByRange"
    runs: ClassVar[Runs] = "inline"

    values: list[dict[str, Any]] = []
    key: str = ""
    min_value: float = 0
    max_value: float = 0
    inclusive: Annotated[bool, Meta(description="The limits themselves are in the range.")] = True

    def process(self, ctx: Context) -> Rows:
        passes = range_test(self.min_value, self.max_value, self.inclusive)
        return [row for row in _numbered(self.values, self.key, ctx) if passes(row[self.key])]


class FilterDictsRegex(Node):
    """Keep the dictionaries whose value under a key matches a regular expression.
    list, filter, dictionary, regex, pattern

    Numbers and other values are searched as text. Dictionaries without the key are left out.

    Use cases:
    - Keep the rows with an address of a certain kind
    - Find records with a code of a certain form
    - Find records that mention one of several words
    """

    type_name: ClassVar = "nodetool.list.FilterDictsRegex"
    runs: ClassVar[Runs] = "async"

    values: list[dict[str, Any]] = []
    key: str = ""
    pattern: Annotated[str, Meta(description="A regular expression, as Python writes them.")] = ""
    full_match: Annotated[bool, Meta(description="The whole value has to match, not a part of it.")] = False

    async def process(self) -> Rows:
        from nodetool.nodes._regex import searching

        def kept(search: "Search") -> Rows:
            rows = [row for row in self.values if self.key in row]
            return [row for row in rows if matches(search, str(row[self.key]), self.full_match)]

        return await searching("pattern", self.pattern, kept)


class FilterDicts(Node):
    """Keep the dictionaries for which a condition holds, like: age >= 18 and city == "Köln".
    list, filter, dictionary, condition, query

    The condition is written as in a template: names are keys, with and, or, not, in, comparisons, sums and filters. A
    dictionary that lacks a key of it is left out, and the log says how many.

    Use cases:
    - Keep the rows of a table that fit several things at once
    - Compare two columns of a row
    - Keep records that hold one of several values: status in ["new", "open"]
    """

    type_name: ClassVar = "nodetool.list.FilterDicts"
    runs: ClassVar[Runs] = "async"

    values: list[dict[str, Any]] = []
    condition: Annotated[str, Meta(description="What has to hold; nothing keeps all.")] = ""

    async def process(self, ctx: Context) -> Rows:
        from nodetool.nodes import _jinja  # it takes longer to import than all the nodes

        def kept(clock: "Clock") -> tuple[Rows, list[str]]:
            rows: Rows = []
            without: list[str] = []
            for row in self.values:
                try:
                    if _jinja.holds(self.condition, row, clock):
                        rows.append(row)
                except _jinja.NoValue as error:
                    without.append(str(error))
            return rows, without

        if not self.condition.strip():
            return self.values
        try:
            rows, without = await in_time(kept)
        except TimeoutError:
            raise BadInput("condition", "takes too long, and was stopped after a second", self.condition) from None
        if without:
            ctx.log(f"{len(without)} of {len(self.values)} dictionaries are left out: {without[0]}", "warning")
        return rows


def _numbered(rows: Rows, key: str, ctx: Context) -> Rows:
    """Leave out the rows without a number under *key*, and say how many."""
    numbered = [row for row in rows if _is_number(row.get(key))]
    if left_out := len(rows) - len(numbered):
        ctx.log(f"{left_out} of {len(rows)} dictionaries have no number under {key!r}", "warning")
    return numbered


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
