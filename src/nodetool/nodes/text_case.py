"""Nodes that change how a text is written: its case, its spaces, its accents."""

import re
import string
import unicodedata
from typing import Annotated, ClassVar

from nodetool.nodes._time import aside
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Meta, Node

SPACES = re.compile(r"\s+")
SPACES_IN_A_LINE = re.compile(r"[^\S\r\n]+")
NO_WORD = re.compile(r"[^\w\s-]")
BETWEEN_WORDS = re.compile(r"[\s_-]+")


class ToUppercase(Node):
    """Write a text in capital letters.
    text, case, uppercase, capitals

    Use cases:
    - Write a heading or a code
    - Compare texts without regard to case
    - Bring codes of different sources into one form
    """

    type_name: ClassVar = "nodetool.text.ToUppercase"
    title: ClassVar = "To Uppercase"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return self.text.upper()


class ToLowercase(Node):
    """Write a text in small letters.
    text, case, lowercase, small

    Use cases:
    - Compare texts without regard to case
    - Make keys, addresses and file names
    - Bring tags into one form
    """

    type_name: ClassVar = "nodetool.text.ToLowercase"
    title: ClassVar = "To Lowercase"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return self.text.lower()


class ToTitlecase(Node):
    """Begin each word of a text with a capital letter, and write the rest small.
    text, case, titlecase, heading

    Use cases:
    - Write titles and names
    - Tidy headings up
    - Make labels of keys
    """

    type_name: ClassVar = "nodetool.text.ToTitlecase"
    title: ClassVar = "To Title Case"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return string.capwords(self.text, " ")


class CapitalizeText(Node):
    """Begin a text with a capital letter, and write the rest small.
    text, case, capitalize, sentence

    Use cases:
    - Make a sentence of a few words
    - Write labels
    - Tidy up what a language model wrote
    """

    type_name: ClassVar = "nodetool.text.CapitalizeText"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return self.text.capitalize()


class TrimWhitespace(Node):
    """Take spaces and line breaks away from the ends of a text.
    text, trim, strip, whitespace, clean

    Use cases:
    - Clean what people typed
    - Clean the lines or cells of a table
    - Compare texts without regard to spaces around them
    """

    type_name: ClassVar = "nodetool.text.TrimWhitespace"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    trim_start: bool = True
    trim_end: bool = True

    def process(self) -> str:
        text = self.text.lstrip() if self.trim_start else self.text
        return text.rstrip() if self.trim_end else text


class CollapseWhitespace(Node):
    """Put one space in place of each run of spaces and line breaks.
    text, whitespace, collapse, normalize, clean

    Use cases:
    - Clean text that was copied out of a page
    - Make one line of several
    - Shorten a prompt
    """

    type_name: ClassVar = "nodetool.text.CollapseWhitespace"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    preserve_newlines: Annotated[bool, Meta(description="Leave line breaks as they are.")] = False
    replacement: Annotated[str, Meta(description="What stands in place of a run of spaces.")] = " "
    trim_edges: Annotated[bool, Meta(description="Take the spaces at the ends away.")] = True

    async def process(self) -> str:
        return await aside(len(self.text), self._made)

    def _made(self) -> str:
        text = self.text.strip() if self.trim_edges else self.text
        spaces = SPACES_IN_A_LINE if self.preserve_newlines else SPACES
        return spaces.sub(self.replacement.replace("\\", r"\\"), text)


class RemovePunctuation(Node):
    """Take punctuation marks out of a text, or put something in their place.
    text, punctuation, remove, clean

    Use cases:
    - Count words
    - Compare texts without regard to punctuation
    - Prepare a text for searching
    """

    type_name: ClassVar = "nodetool.text.RemovePunctuation"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    replacement: str = ""
    punctuation: Annotated[str, Meta(description="The characters to take out.")] = string.punctuation

    def process(self) -> str:
        return self.text.translate(dict.fromkeys(map(ord, self.punctuation), self.replacement))


class StripAccents(Node):
    """Write a text without accents: é becomes e.
    text, accents, normalize, clean, ascii

    Use cases:
    - Make file names and keys
    - Search without regard to accents
    - Compare names of different sources
    """

    type_name: ClassVar = "nodetool.text.StripAccents"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    preserve_non_ascii: Annotated[bool, Meta(description="Leave letters of other scripts in; else drop them.")] = True

    async def process(self) -> str:
        return await aside(len(self.text), self._made)

    def _made(self) -> str:
        text = "".join(one for one in unicodedata.normalize("NFKD", self.text) if not unicodedata.combining(one))
        return text if self.preserve_non_ascii else _ascii(text)


class Slugify(Node):
    """Make a short name of a text, for an address or a file: Crème brûlée! becomes creme-brulee.
    text, slug, address, name, id

    Use cases:
    - Make the address of a page of its title
    - Name files after their content
    - Make keys of labels
    """

    type_name: ClassVar = "nodetool.text.Slugify"
    runs: ClassVar[Runs] = "async"

    text: str = ""
    separator: Annotated[str, Meta(description="What stands between words.")] = "-"
    lowercase: bool = True
    allow_unicode: Annotated[bool, Meta(description="Leave letters of other scripts in.")] = False

    async def process(self) -> str:
        return await aside(len(self.text), self._made)

    def _made(self) -> str:
        text = unicodedata.normalize("NFKC", self.text) if self.allow_unicode else _decomposed(self.text)
        words = BETWEEN_WORDS.split(NO_WORD.sub("", text))
        slug = self.separator.join(word for word in words if word)
        return slug.lower() if self.lowercase else slug


def _decomposed(text: str) -> str:
    return _ascii(unicodedata.normalize("NFKD", text))


def _ascii(text: str) -> str:
    return text.encode("ascii", "ignore").decode()
