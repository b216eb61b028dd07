"""Nodes that keep some elements of a list and leave the others out. None changes the list it is given."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from nodetool.nodes._filters import NumberFilter, StringFilter, matches, number_test, range_test, value_test
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Meta, Node

if TYPE_CHECKING:
    from nodetool.nodes._regex import Search


class FilterNone(Node):
    """Leave out what is null.
    list, filter, none, null, clean

    Use cases:
    - Clean a column of a table
    - Leave out what a service did not know
    - Count only what is there
    """

    type_name: ClassVar = "nodetool.list.FilterNone"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []

    def process(self) -> list[Any]:
        return [value for value in self.values if value is not None]


class FilterNumbers(Node):
    """Keep the numbers that pass a test.
    list, filter, number, compare

    Use cases:
    - Keep numbers above a limit
    - Take negative amounts out
    - Keep the even ones
    """

    type_name: ClassVar = "nodetool.list.FilterNumbers"
    runs: ClassVar[Runs] = "inline"

    values: list[float] = []
    filter_type: NumberFilter = "greater_than"
    value: Annotated[float | None, Meta(description="What to compare with; the other tests need none.")] = None

    def process(self) -> list[float]:
        passes = number_test(self.filter_type, self.value)
        return [value for value in self.values if passes(value)]


class FilterNumberRange(Node):
    """Keep the numbers that lie in a range.
    list, filter, number, range, between

    Use cases:
    - Keep measured values that make sense
    - Keep prices or years of a range
    - Take outliers out
    """

    type_name: ClassVar = "nodetool.list.FilterNumberRange"
    runs: ClassVar[Runs] = "inline"

    values: list[float] = []
    min_value: float = 0
    max_value: float = 0
    inclusive: Annotated[bool, Meta(description="The limits themselves are in the range.")] = True

    def process(self) -> list[float]:
        return list(filter(range_test(self.min_value, self.max_value, self.inclusive), self.values))


class FilterStrings(Node):
    """Keep the texts that pass a test.
    list, filter, text, string

    Use cases:
    - Keep lines that mention a word
    - Keep files with an ending
    - Leave out texts that are too short
    """

    type_name: ClassVar = "nodetool.list.FilterStrings"
    runs: ClassVar[Runs] = "inline"

    values: list[str] = []
    filter_type: StringFilter = "contains"
    criteria: Annotated[str, Meta(description="The text to find, or a length.")] = ""

    def process(self) -> list[str]:
        return list(filter(value_test(self.filter_type, self.criteria), self.values))


class FilterRegex(Node):
    """Keep the texts that match a regular expression.
    list, filter, text, regex, pattern

    Use cases:
    - Keep lines of a certain form
    - Keep addresses or codes that are well formed
    - Find texts that mention one of several words
    """

    type_name: ClassVar = "nodetool.list.FilterRegex"
    runs: ClassVar[Runs] = "async"

    values: list[str] = []
    pattern: Annotated[str, Meta(description="A regular expression, as Python writes them.")] = ""
    full_match: Annotated[bool, Meta(description="The whole text has to match, not a part of it.")] = False

    async def process(self) -> list[str]:
        from nodetool.nodes._regex import searching

        def kept(search: "Search") -> list[str]:
            return [text for text in self.values if matches(search, text, self.full_match)]

        return await searching("pattern", self.pattern, kept)
