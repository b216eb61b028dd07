"""Nodes that say something about a text: whether it holds something, how long it is, how it compares."""

from typing import Annotated, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Meta, Node

Matches = Literal["any", "all", "none"]
Measure = Literal["characters", "words", "lines"]


class Contains(Node):
    """Say whether a text holds another one.
    text, contains, find, search, check

    With search values these are looked for instead: any of them, all, or none.

    Use cases:
    - Choose a branch by a word in a message
    - Find records that mention something
    - Refuse texts with certain words
    """

    type_name: ClassVar = "nodetool.text.Contains"
    title: ClassVar = "Contains Text"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    substring: str = ""
    search_values: Annotated[list[str], Meta(description="Several texts to look for, instead of one.")] = []
    case_sensitive: bool = True
    match_mode: Annotated[Matches, Meta(description="How many of the search values have to be there.")] = "any"

    def process(self) -> bool:
        wanted = self.search_values or [self.substring]
        text = self.text if self.case_sensitive else self.text.lower()
        found = ((one if self.case_sensitive else one.lower()) in text for one in wanted)
        match self.match_mode:
            case "any":
                return any(found)
            case "all":
                return all(found)
            case "none":
                return not any(found)


class StartsWith(Node):
    """Say whether a text begins with another one.
    text, starts, prefix, check

    Use cases:
    - Tell commands from other messages
    - Tell addresses by their scheme
    - Choose a branch by a code
    """

    type_name: ClassVar = "nodetool.text.StartsWith"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    prefix: str = ""

    def process(self) -> bool:
        return self.text.startswith(self.prefix)


class EndsWith(Node):
    """Say whether a text ends with another one.
    text, ends, suffix, check

    Use cases:
    - Tell files by their ending
    - Find questions
    - Check that a sentence is whole
    """

    type_name: ClassVar = "nodetool.text.EndsWith"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    suffix: str = ""

    def process(self) -> bool:
        return self.text.endswith(self.suffix)


class IsEmpty(Node):
    """Say whether a text is empty.
    text, empty, blank, check

    Use cases:
    - See whether somebody typed something
    - Leave empty lines out
    - Take a default where there is nothing
    """

    type_name: ClassVar = "nodetool.text.IsEmpty"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    trim_whitespace: Annotated[bool, Meta(description="A text of spaces only is empty too.")] = True

    def process(self) -> bool:
        return not (self.text.strip() if self.trim_whitespace else self.text)


class HasLength(Node):
    """Say whether a text has a certain length, counted in characters.
    text, length, check, limit

    If an exact length is given, the others do not count.

    Use cases:
    - Check what people typed
    - See whether a text fits into a message
    - Leave out texts that are too short to work on
    """

    type_name: ClassVar = "nodetool.text.HasLength"
    title: ClassVar = "Check Length"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    min_length: int | None = None
    max_length: int | None = None
    exact_length: int | None = None

    def process(self) -> bool:
        length = len(self.text)
        if self.exact_length is not None:
            return length == self.exact_length
        is_long = self.min_length is None or length >= self.min_length
        return is_long and (self.max_length is None or length <= self.max_length)


class Length(Node):
    """Count the characters, words or lines of a text.
    text, length, count, words, lines

    Use cases:
    - Tell how long an article is
    - Choose a branch by length
    - Put the number of lines into a report
    """

    type_name: ClassVar = "nodetool.text.Length"
    title: ClassVar = "Measure Length"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    measure: Measure = "characters"
    trim_whitespace: Annotated[bool, Meta(description="Leave out spaces at the ends, and empty lines.")] = False

    def process(self) -> int:
        text = self.text.strip() if self.trim_whitespace else self.text
        match self.measure:
            case "characters":
                return len(text)
            case "words":
                return len(text.split())
            case "lines":
                return sum(bool(line.strip()) or not self.trim_whitespace for line in text.splitlines())


class IndexOf(Node):
    """Find the place of one text in another; -1 if it is not there.
    text, find, search, position, index

    Use cases:
    - Find where to cut a text
    - See which of two words comes first
    - Find the last mark of a kind
    """

    type_name: ClassVar = "nodetool.text.IndexOf"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    substring: str = ""
    case_sensitive: bool = True
    start_index: Annotated[int, Meta(ge=0, description="Where to begin; 0 is the first character.")] = 0
    end_index: Annotated[int | None, Meta(description="Before which place to stop.")] = None
    search_from_end: Annotated[bool, Meta(description="Find the last place, not the first.")] = False

    def process(self) -> int:
        text = self.text if self.case_sensitive else self.text.lower()
        wanted = self.substring if self.case_sensitive else self.substring.lower()
        find = text.rfind if self.search_from_end else text.find
        return find(wanted, self.start_index, self.end_index)


class CompareText(Node):
    """Say which of two texts comes first in the order of the alphabet: less, equal or greater.
    text, compare, order, alphabet

    Use cases:
    - Put two names in order
    - See whether a version came later
    - Find out what changed between two lists
    """

    type_name: ClassVar = "nodetool.text.CompareText"
    runs: ClassVar[Runs] = "inline"

    text_a: str = ""
    text_b: str = ""
    case_sensitive: bool = True
    trim_whitespace: Annotated[bool, Meta(description="Leave out spaces at the ends.")] = False

    def process(self) -> str:
        a, b = (_compared(text, self.case_sensitive, self.trim_whitespace) for text in (self.text_a, self.text_b))
        return "less" if a < b else "greater" if a > b else "equal"


class EqualsText(Node):
    """Say whether two texts are the same.
    text, equal, same, compare, check

    Use cases:
    - Check an answer
    - See whether a text changed
    - Choose a branch by a word
    """

    type_name: ClassVar = "nodetool.text.EqualsText"
    runs: ClassVar[Runs] = "inline"

    text_a: str = ""
    text_b: str = ""
    case_sensitive: bool = True
    trim_whitespace: Annotated[bool, Meta(description="Leave out spaces at the ends.")] = False

    def process(self) -> bool:
        a, b = (_compared(text, self.case_sensitive, self.trim_whitespace) for text in (self.text_a, self.text_b))
        return a == b


def _compared(text: str, case_sensitive: bool, trim: bool) -> str:
    text = text.strip() if trim else text
    return text if case_sensitive else text.casefold()
