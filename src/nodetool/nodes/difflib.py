"""Nodes that compare texts. For long ones that takes long, so they have a thread."""

import difflib
from typing import Annotated, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

MAX_LENGTH = 100_000
"""Characters, and lines, that are compared: it takes longer with the square of their number."""


class SimilarityRatio(Node):
    """Say how alike two texts are: 1 is the same, 0 has nothing in common.
    diff, similarity, ratio, compare, text

    Use cases:
    - Find doubles that are not quite the same
    - Check an answer
    - Tell how much somebody changed
    """

    type_name: ClassVar = "lib.difflib.SimilarityRatio"
    title: ClassVar = "Sequence Similarity Ratio"
    runs: ClassVar[Runs] = "cpu"

    a: str = ""
    b: str = ""

    def process(self) -> float:
        _check(self.a, "a", len(self.a))
        _check(self.b, "b", len(self.b))
        return difflib.SequenceMatcher(None, self.a, self.b).ratio()


class GetCloseMatches(Node):
    """Find the texts of a list that are most like a word, the likest first.
    diff, similar, matches, fuzzy, search

    Use cases:
    - Understand misspelt words
    - Find a record by about its name
    - Propose what may have been meant
    """

    type_name: ClassVar = "lib.difflib.GetCloseMatches"
    runs: ClassVar[Runs] = "cpu"

    word: str = ""
    possibilities: list[str] = []
    n: Annotated[int, Meta(ge=1, description="How many to find at most.")] = 3
    cutoff: Annotated[float, Meta(ge=0, le=1, description="How alike they have to be at least.")] = 0.6

    def process(self) -> list[str]:
        _check(self.word, "word", len(self.word))
        return difflib.get_close_matches(self.word, self.possibilities, self.n, self.cutoff)


class UnifiedDiff(Node):
    """Write what changed from one text to another, line by line, as programmers do.
    diff, unified, compare, changes, patch

    Use cases:
    - Show what somebody changed
    - See what is new on a page
    - Make a patch
    """

    type_name: ClassVar = "lib.difflib.UnifiedDiff"
    runs: ClassVar[Runs] = "cpu"

    a: str = ""
    b: str = ""
    fromfile: Annotated[str, Meta(description="What the first text is called.")] = "a"
    tofile: Annotated[str, Meta(description="What the second text is called.")] = "b"
    lineterm: Annotated[str, Meta(description="What each line ends with.")] = "\n"

    def process(self) -> str:
        a, b = self.a.splitlines(), self.b.splitlines()
        _check(self.a, "a", len(a))
        _check(self.b, "b", len(b))
        lines = difflib.unified_diff(a, b, self.fromfile, self.tofile, lineterm="")
        return "".join(line + self.lineterm for line in lines)


def _check(text: str, handle: str, size: int) -> None:
    if size > MAX_LENGTH:
        raise BadInput(handle, f"has a length of {size}, and {MAX_LENGTH} is the limit", text)
