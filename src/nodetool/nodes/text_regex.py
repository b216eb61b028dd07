"""Nodes that search with regular expressions, as Python writes them. A search that takes too long is stopped.

They are coroutines for that: nearly all searches take microseconds and are done in the loop, the others in a thread.
"""

from itertools import islice
from typing import TYPE_CHECKING, Annotated, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

if TYPE_CHECKING:
    from nodetool.nodes._regex import Search

Pattern = Annotated[str, Meta(description="A regular expression, as Python writes them.")]
DotAll = Annotated[bool, Meta(description="A dot matches line breaks too.")]
IgnoreCase = Annotated[bool, Meta(description="Capital and small letters are the same.")]
Multiline = Annotated[bool, Meta(description="^ and $ match at each line.")]


class _Flagged(Node):
    text: str = ""
    regex: Pattern = ""
    dotall: DotAll = False
    ignorecase: IgnoreCase = False
    multiline: Multiline = False

    def _flags(self) -> str:
        return "s" * self.dotall + "i" * self.ignorecase + "m" * self.multiline


class ExtractRegex(_Flagged):
    """Take out what the groups of a pattern match at its first place; nothing if it does not match.
    text, regex, extract, groups, pattern

    A group that takes no part in the match is an empty text.

    Use cases:
    - Read day, month and year out of a line
    - Read a number out of a sentence
    - Read the parts of an address
    """

    type_name: ClassVar = "nodetool.text.ExtractRegex"
    title: ClassVar = "Extract Regex Groups"
    runs: ClassVar[Runs] = "async"

    async def process(self) -> list[str]:
        from nodetool.nodes._regex import searching

        def first(search: "Search") -> list[str]:
            match = search.find(self.text)
            return [group or "" for group in match.groups()] if match else []

        return await searching("regex", self.regex, first, self._flags())


class FindAllRegex(_Flagged):
    """Find all places of a pattern, and return what matches: the group if the pattern has one, else the whole.
    text, regex, find, all, pattern

    Use cases:
    - Find all addresses or numbers of a text
    - Find all tags or mentions
    - Count how often something is there
    """

    type_name: ClassVar = "nodetool.text.FindAllRegex"
    title: ClassVar = "Find All Regex Matches"
    runs: ClassVar[Runs] = "async"

    async def process(self) -> list[str]:
        from nodetool.nodes._regex import searching

        return await searching("regex", self.regex, lambda search: _all(search, self.text, None), self._flags())


class RegexMatch(Node):
    """Find all places of a pattern, and return what one group of it matches there.
    text, regex, match, group, pattern

    Without a group it is the group of the pattern if there is one, else the whole match.

    Use cases:
    - Take the names out of lines like name: value
    - Find all prices of a text, without the currency
    - Find all links of a page
    """

    type_name: ClassVar = "nodetool.text.RegexMatch"
    title: ClassVar = "Find Regex Matches"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    pattern: Pattern = ""
    group: Annotated[int | None, Meta(description="Number of the group; 0 is the whole match.")] = None

    async def process(self) -> list[str]:
        from nodetool.nodes._regex import searching

        def matches(search: "Search") -> list[str]:
            if self.group is not None and not 0 <= self.group <= search.groups():
                raise BadInput("group", f"the pattern has {search.groups()} groups", self.group)
            return _all(search, self.text, self.group)

        return await searching("pattern", self.pattern, matches)


class RegexReplace(Node):
    r"""Replace what matches a pattern; \1 or \g<name> in the replacement is what a group matches.
    text, regex, replace, substitute, pattern

    Use cases:
    - Write dates in another order
    - Take numbers or marks out of a text
    - Hide addresses in a text
    """

    type_name: ClassVar = "nodetool.text.RegexReplace"
    title: ClassVar = "Replace with Regex"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    pattern: Pattern = ""
    replacement: str = ""
    count: Annotated[int, Meta(ge=0, description="How many to replace at most; 0 is all.")] = 0

    async def process(self) -> str:
        from nodetool.nodes._regex import searching

        def replaced(search: "Search") -> str:
            try:
                return search.replace(self.text, self.replacement, self.count)
            except TimeoutError:
                raise
            except (ValueError, IndexError, search.error) as error:
                raise BadInput("replacement", str(error), self.replacement) from error

        return await searching("pattern", self.pattern, replaced)


class RegexSplit(Node):
    """Cut a text where a pattern matches.
    text, regex, split, separate, pattern

    What groups of the pattern match is put between the parts.

    Use cases:
    - Cut at any of several marks
    - Cut a text into sentences
    - Cut lines at any number of spaces
    """

    type_name: ClassVar = "nodetool.text.RegexSplit"
    title: ClassVar = "Split with Regex"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    pattern: Pattern = ""
    maxsplit: Annotated[int, Meta(ge=0, description="How often to cut at most; 0 has no limit.")] = 0

    async def process(self) -> list[str]:
        from nodetool.nodes._regex import searching

        def parts(search: "Search") -> list[str]:
            return [part or "" for part in search.split(self.text, self.maxsplit)]

        return await searching("pattern", self.pattern, parts)


class RegexValidate(Node):
    """Say whether the beginning of a text matches a pattern; end the pattern with $ to match the whole.
    text, regex, validate, check, pattern

    Use cases:
    - Check a number, a code or an address
    - Check what a language model answered
    - Choose a branch by the form of a text
    """

    type_name: ClassVar = "nodetool.text.RegexValidate"
    title: ClassVar = "Validate with Regex"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    pattern: Pattern = ""

    async def process(self) -> bool:
        from nodetool.nodes._regex import searching

        return await searching("pattern", self.pattern, lambda search: search.begins(self.text))


def _all(search: "Search", text: str, group: int | None) -> list[str]:
    from nodetool.nodes._regex import MAX_FOUND

    wanted = (1 if search.groups() == 1 else 0) if group is None else group
    found = [match[wanted] or "" for match in islice(search.all(text), MAX_FOUND + 1)]
    if len(found) > MAX_FOUND:
        raise BadInput("text", f"has more than {MAX_FOUND} matches")
    return found
