"""Nodes that take a part of a text, or bring it to a length."""

from typing import Annotated, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Direction = Literal["left", "right", "both"]

MAX_LENGTH = 1_000_000
"""Characters that a text may be brought to."""


class Slice(Node):
    """Take a part of a text, as Python's text[start:stop:step] does.
    text, slice, part, cut, substring

    Negative places count from the end. What is not set has no bound.

    Use cases:
    - Take the first characters of a text (stop 5), or the last (start -5)
    - Leave a prefix out
    - Take every second character, or the text in reverse (step -1)
    """

    type_name: ClassVar = "nodetool.text.Slice"
    title: ClassVar = "Slice Text"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    start: Annotated[int | None, Meta(description="Place of the first character; -1 is the last one.")] = None
    stop: Annotated[int | None, Meta(description="Place before which to stop.")] = None
    step: Annotated[int | None, Meta(description="Take every step-th character; not 0.")] = None

    def process(self) -> str:
        if self.step == 0:
            raise BadInput("step", "must not be 0")
        return self.text[self.start : self.stop : self.step]


class Extract(Node):
    """Take the part of a text between two places.
    text, extract, part, cut, substring

    Negative places count from the end. An end of 0 means up to the end.

    Use cases:
    - Read a field of fixed width
    - Take the beginning of a long text
    - Leave a prefix and a suffix out
    """

    type_name: ClassVar = "nodetool.text.Extract"
    title: ClassVar = "Extract Text"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    start: Annotated[int, Meta(description="Place of the first character; 0 is the beginning.")] = 0
    end: Annotated[int, Meta(description="Place before which to stop; 0 is the end of the text.")] = 0

    def process(self) -> str:
        return self.text[self.start : self.end or None]


class Chunk(Node):
    """Cut a text into chunks of so many words, which may overlap.
    text, chunk, split, words, overlap

    Without a separator, words are what stands between spaces and line breaks; with one, it is what stands between
    separators.

    Use cases:
    - Cut a long text into pieces that a language model takes
    - Cut a text for an index, with some context on either side
    - Cut a list of lines into pages
    """

    type_name: ClassVar = "nodetool.text.Chunk"
    title: ClassVar = "Split Text into Chunks"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    length: Annotated[int, Meta(ge=1, le=1000, description="Words of a chunk.")] = 100
    overlap: Annotated[int, Meta(description="Words that a chunk has in common with the one before.")] = 0
    separator: Annotated[str | None, Meta(description="What stands between words; spaces of any kind if not set.")] = (
        None
    )

    def process(self) -> list[str]:
        if not 0 <= self.overlap < self.length:
            raise BadInput("overlap", f"must be at least 0 and less than the length of {self.length}", self.overlap)
        separator = self.separator or None
        words = self.text.split(separator)
        step = self.length - self.overlap
        starts = range(0, max(len(words) - self.overlap, 1), step) if words else ()
        return [(separator or " ").join(words[start : start + self.length]) for start in starts]


class TruncateText(Node):
    """Cut a text off at a length, and show that something is missing.
    text, truncate, limit, shorten, ellipsis

    Use cases:
    - Keep a message within a limit
    - Show the beginning of a long text
    - Fit texts into a table
    """

    type_name: ClassVar = "nodetool.text.TruncateText"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    max_length: Annotated[int, Meta(ge=0, description="Characters, the ellipsis included.")] = 100
    ellipsis: Annotated[str, Meta(description="What a text that was cut ends with, if it fits.")] = ""

    def process(self) -> str:
        if len(self.text) <= self.max_length:
            return self.text
        kept = self.max_length - len(self.ellipsis)
        return self.text[:kept] + self.ellipsis if kept > 0 else self.text[: self.max_length]


class PadText(Node):
    """Bring a text to a length by putting characters before or after it.
    text, pad, align, width, fill

    Use cases:
    - Write the columns of a table
    - Write numbers with leading zeros
    - Center a heading
    """

    type_name: ClassVar = "nodetool.text.PadText"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    length: Annotated[int, Meta(ge=0, le=MAX_LENGTH, description="Characters that the text has at least.")] = 0
    pad_character: Annotated[str, Meta(description="The one character that fills up.")] = " "
    direction: Annotated[Direction, Meta(description="On which side to fill up.")] = "right"

    def process(self) -> str:
        if len(self.pad_character) != 1:
            raise BadInput("pad_character", "must be one character", self.pad_character)
        missing = max(self.length - len(self.text), 0)
        left = {"left": missing, "right": 0, "both": missing // 2}[self.direction]
        return self.pad_character * left + self.text + self.pad_character * (missing - left)


class SurroundWith(Node):
    """Put something before and after a text.
    text, surround, wrap, prefix, suffix, quote

    Use cases:
    - Put a text in quotes or brackets
    - Put marks around a part of a prompt
    - Make an element of a text
    """

    type_name: ClassVar = "nodetool.text.SurroundWith"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    prefix: str = ""
    suffix: str = ""
    skip_if_wrapped: Annotated[bool, Meta(description="Leave a text as it is that has both already.")] = True

    def process(self) -> str:
        least = len(self.prefix) + len(self.suffix)
        is_wrapped = len(self.text) >= least and self.text.startswith(self.prefix) and self.text.endswith(self.suffix)
        return self.text if is_wrapped and self.skip_if_wrapped else self.prefix + self.text + self.suffix
