"""HTML as the nodes read it: a tree of elements, made in one pass that can be stopped."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar
from urllib.parse import urljoin

from nodetool.nodes._tags import Begin, End, Text, parts
from nodetool.nodes._time import Clock, in_time
from nodetool.sdk import BadInput

T = TypeVar("T")

DEEPEST = 200
"""Elements inside each other; what is nested more deeply counts as beside its parent."""

VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
ENDED_BY: Final[Mapping[str, frozenset[str]]] = {
    "li": frozenset(["li"]),
    "p": frozenset(["p"]),
    "tr": frozenset(["tr", "td", "th"]),
    "td": frozenset(["td", "th"]),
    "th": frozenset(["td", "th"]),
    "dt": frozenset(["dt", "dd"]),
    "dd": frozenset(["dt", "dd"]),
    "option": frozenset(["option"]),
}
"""Elements that end when one of these begins, though nobody wrote so."""

BLOCKS: Final = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
SILENT: Final = frozenset(["head", "noscript", "script", "style", "template"])
"""What they hold is not for reading."""

SPACED: Final = frozenset(["blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"])
"""Blocks with an empty line before and after them."""

SPACES = re.compile(r"\s+")


class Element:
    """An element with what it holds, in order."""

    __slots__ = ("attributes", "name", "parts")

    def __init__(self, name: str, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.parts: list[Element | str] = []

    def all(self) -> "Iterator[Element]":
        """Yield every element inside, in order."""
        for part in self.parts:
            if isinstance(part, Element):
                yield part
                yield from part.all()

    def first(self, *names: str) -> "Element | None":
        return next((one for one in self.all() if one.name in names), None)

    def text(self) -> str:
        """Return all text inside, as it stands there."""
        return "".join(part if isinstance(part, str) else part.text() for part in self.parts)

    def words(self) -> str:
        """Return all text inside on one line."""
        return SPACES.sub(" ", self.text()).strip()


def read(html: str, clock: Clock) -> Element:
    """Read a page or a part of one. Nothing that people write as HTML is an error. Raises OutOfTime."""
    root = Element("", {})
    inside = [root]
    for part in parts(html, clock):
        match part:
            case Text(text):
                inside[-1].parts.append(text)
            case Begin(name, attributes):
                if inside[-1].name in ENDED_BY.get(name, ()):
                    inside.pop()
                made = Element(name, attributes)
                inside[-1].parts.append(made)
                if name not in VOID and len(inside) < DEEPEST:
                    inside.append(made)
            case End(name):
                _end(inside, name)
    return root


def _end(inside: list[Element], name: str) -> None:
    """Leave the innermost element of that name; an end without a beginning is nothing."""
    for place in range(len(inside) - 1, 0, -1):
        if inside[place].name == name:
            del inside[place:]
            return


class Lines:
    """Gathers text in lines: words flow, blocks begin a new line, ``pre`` keeps its own."""

    def __init__(self) -> None:
        self._lines: list[str] = [""]

    def write(self, text: str) -> None:
        """Add words to the line; runs of spaces become one."""
        text = SPACES.sub(" ", text)
        if not self._lines[-1] or self._lines[-1].endswith(" "):
            text = text.removeprefix(" ")
        self._lines[-1] += text

    def keep(self, text: str) -> None:
        """Add *text* with its line breaks."""
        first, *rest = text.split("\n")
        self._lines[-1] += first
        self._lines.extend(rest)

    def end(self) -> None:
        """Begin a new line, unless this one is empty."""
        if self._lines[-1].strip():
            self._lines.append("")

    def space(self) -> None:
        """Leave a line empty, unless one is."""
        self.end()
        if len(self._lines) > 1 and self._lines[-2].strip():
            self._lines.append("")

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._lines).strip("\n")


def begin(lines: Lines, block: str) -> None:
    """Begin a new line where a block begins or ends."""
    lines.space() if block in SPACED else lines.end()


def joined(base: str, url: str) -> str:
    """Return where a link of a page leads; without the address of the page, as it stands there."""
    try:
        return urljoin(base, url) if base else url
    except ValueError:
        return url


async def reading(handle: str, text: str, work: Callable[[Element], T]) -> T:
    """Return what *work* makes of the page. Raises BadInput."""

    def made(clock: Clock) -> T:
        return work(read(text, clock))

    try:
        return await in_time(made)
    except TimeoutError:
        raise BadInput(handle, "takes too long to read, and was stopped after a second") from None
