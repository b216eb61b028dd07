"""Nodes that break lines, and indent them."""

import textwrap
from typing import Annotated, ClassVar

from nodetool.nodes._time import aside
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Width = Annotated[int, Meta(ge=1, description="Characters of a line.")]


class Wrap(Node):
    """Break a text into lines of a width, and return them as a list.
    text, wrap, lines, width, break

    Use cases:
    - Write a text into a narrow column
    - Make lines of a paragraph
    - Count how many lines a text takes
    """

    type_name: ClassVar = "lib.textwrap.Wrap"
    title: ClassVar = "Wrap Text"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    width: Width = 70

    async def process(self) -> list[str]:
        return await aside(len(self.text), self._made)

    def _made(self) -> list[str]:
        return textwrap.wrap(self.text, self.width)


class Fill(Node):
    """Break a text into lines of a width.
    text, fill, lines, width, break

    Use cases:
    - Write a paragraph of a mail
    - Write a text into a narrow column
    - Write a comment
    """

    type_name: ClassVar = "lib.textwrap.Fill"
    title: ClassVar = "Fill Text"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    width: Width = 70

    async def process(self) -> str:
        return await aside(len(self.text), self._made)

    def _made(self) -> str:
        return textwrap.fill(self.text, self.width)


class Shorten(Node):
    """Cut a text off at a word so that it has a length at most, and show that something is missing.
    text, shorten, truncate, ellipsis, summary

    Runs of spaces and line breaks become one space.

    Use cases:
    - Show the beginning of an article
    - Write a title that fits
    - Fit texts into a table
    """

    type_name: ClassVar = "lib.textwrap.Shorten"
    title: ClassVar = "Shorten Text"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    width: Annotated[int, Meta(ge=1, description="Characters at most, the placeholder included.")] = 70
    placeholder: Annotated[str, Meta(description="What a text that was cut ends with.")] = "..."

    async def process(self) -> str:
        return await aside(len(self.text), self._made)

    def _made(self) -> str:
        try:
            return textwrap.shorten(self.text, self.width, placeholder=self.placeholder)
        except ValueError:
            raise BadInput("placeholder", f"is longer than the width of {self.width}", self.placeholder) from None


class Indent(Node):
    """Put something before each line of a text that is not empty.
    text, indent, prefix, lines, quote

    Use cases:
    - Quote a mail
    - Put a block under a heading
    - Make a list of lines
    """

    type_name: ClassVar = "lib.textwrap.Indent"
    title: ClassVar = "Indent Text"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    prefix: str = "    "

    def process(self) -> str:
        return textwrap.indent(self.text, self.prefix)


class Dedent(Node):
    """Take away what all lines of a text are indented by.
    text, dedent, indent, lines, clean

    Use cases:
    - Clean a block of code
    - Clean a text that stands in a document
    - Bring blocks to the same margin
    """

    type_name: ClassVar = "lib.textwrap.Dedent"
    title: ClassVar = "Dedent Text"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return textwrap.dedent(self.text)
