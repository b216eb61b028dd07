"""Nodes that read Markdown."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from nodetool.nodes._time import aside
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

if TYPE_CHECKING:
    from markdown_it.token import Token

T = TypeVar("T")

MAX_LENGTH = 1_000_000
"""Characters of a text: to read it takes some seconds then, which nothing can stop."""


class ExtractHeaders(Node):
    """List the headings of a text, each with its level and its number.
    markdown, headers, headings, extract, outline

    Use cases:
    - Make a table of contents
    - See what a text is about
    - Cut a text at its headings
    """

    type_name: ClassVar = "lib.markdown.ExtractHeaders"
    runs: ClassVar[Runs] = "async"

    markdown: str = ""
    max_level: Annotated[int, Meta(ge=1, le=6, description="Headings below this level are left out.")] = 6

    async def process(self) -> list[dict[str, Any]]:
        def headers(tokens: list["Token"]) -> list[dict[str, Any]]:
            found = [
                {"level": int(one.tag[1]), "text": _words(inside)}
                for one, inside in pairwise(tokens)
                if one.type == "heading_open" and int(one.tag[1]) <= self.max_level
            ]
            return [{**one, "index": index} for index, one in enumerate(found)]

        return await _reading(self.markdown, headers)


class ExtractLinks(Node):
    """List the links of a text: the address, and the words that carry it.
    markdown, links, extract, url

    Use cases:
    - Check links
    - Follow the sources of a text
    - Make a list of references
    """

    type_name: ClassVar = "lib.markdown.ExtractLinks"
    runs: ClassVar[Runs] = "async"

    markdown: str = ""
    include_titles: Annotated[bool, Meta(description="Give the title of a link too.")] = True

    async def process(self) -> list[dict[str, str]]:
        return await _reading(self.markdown, lambda tokens: list(_links(tokens, self.include_titles)))


class ExtractCodeBlocks(Node):
    """List the blocks of code of a text, each with its language.
    markdown, code, blocks, extract

    Use cases:
    - Take the code out of an answer of a language model
    - Check the examples of a page
    - Count languages
    """

    type_name: ClassVar = "lib.markdown.ExtractCodeBlocks"
    runs: ClassVar[Runs] = "async"

    markdown: str = ""

    async def process(self) -> list[dict[str, str]]:
        def blocks(tokens: list["Token"]) -> list[dict[str, str]]:
            code = [one for one in tokens if one.type in ("fence", "code_block")]
            return [{"language": (one.info.split() or [""])[0], "code": one.content.rstrip("\n")} for one in code]

        return await _reading(self.markdown, blocks)


class ExtractBulletLists(Node):
    """List the items of all lists with bullets: the text, how deep it stands, and in which list.
    markdown, bullets, lists, items, extract

    Use cases:
    - Take the points out of an answer of a language model
    - Read a list of things to do
    - Send points on one by one
    """

    type_name: ClassVar = "lib.markdown.ExtractBulletLists"
    runs: ClassVar[Runs] = "async"

    markdown: str = ""

    async def process(self) -> list[dict[str, Any]]:
        return await _reading(self.markdown, lambda tokens: list(_items(tokens, "bullet")))


class ExtractNumberedLists(Node):
    """List the texts of the items of all numbered lists.
    markdown, numbered, lists, items, steps, extract

    Use cases:
    - Take the steps out of an instruction
    - Read a ranking
    - Send steps on one by one
    """

    type_name: ClassVar = "lib.markdown.ExtractNumberedLists"
    runs: ClassVar[Runs] = "async"

    markdown: str = ""

    async def process(self) -> list[str]:
        return await _reading(self.markdown, lambda tokens: [one["text"] for one in _items(tokens, "ordered")])


class ExtractTableRows(Node):
    """List the rows of a table of a text, each as a dictionary under the names of its columns.
    markdown, table, rows, extract, dictionary

    Use cases:
    - Read a table that a language model wrote
    - Filter and sort a table of a page
    - Turn a table into CSV
    """

    type_name: ClassVar = "lib.markdown.ExtractTableRows"
    runs: ClassVar[Runs] = "async"

    markdown: str = ""
    index: Annotated[int, Meta(ge=0, description="Which table of the text; 0 is the first.")] = 0

    async def process(self) -> list[dict[str, Any]]:
        tables = await _reading(self.markdown, _tables)
        if self.index >= len(tables):
            raise BadInput("index", f"the text has {len(tables)} tables", self.index)
        header, *rows = tables[self.index]
        return [dict(zip(header, row, strict=False)) for row in rows]


class RenderHTML(Node):
    """Write Markdown as HTML. Tags that stand in the text are shown as text.
    markdown, html, render, convert

    Use cases:
    - Put a report into a page
    - Send a text as a mail
    - Show the answer of a language model
    """

    type_name: ClassVar = "lib.markdown.RenderHTML"
    title: ClassVar = "Render HTML"
    runs: ClassVar[Runs] = "async"

    markdown: str = ""

    async def process(self) -> str:
        _check(self.markdown)
        return await aside(len(self.markdown), lambda: str(_reader().render(self.markdown)))


async def _reading(text: str, work: Callable[[list["Token"]], T]) -> T:
    _check(text)
    return await aside(len(text), lambda: work(_reader().parse(text)))


def _check(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise BadInput("markdown", f"has {len(text)} characters, and {MAX_LENGTH} is the limit")


def _reader() -> Any:
    from markdown_it import MarkdownIt  # it takes longer to import than all the nodes

    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _words(token: "Token") -> str:
    """Return the text of a line, without marks."""
    parts = (" " if one.type in ("softbreak", "hardbreak") else one.content for one in token.children or ())
    return "".join(parts).strip()


def _links(tokens: list["Token"], titles: bool) -> Iterator[dict[str, str]]:
    for one in tokens:
        link: dict[str, str] | None = None
        for part in one.children or ():
            if part.type == "link_open":
                link = {"url": str(part.attrGet("href")), "text": ""}
                if titles:
                    link["title"] = str(part.attrGet("title") or "")
            elif part.type == "link_close" and link is not None:
                yield link
                link = None
            elif link is not None:
                link["text"] += part.content


def _items(tokens: list["Token"], kind: str) -> Iterator[dict[str, Any]]:
    """Yield the first line of each item of the lists of a kind."""
    open_lists: list[tuple[str, int]] = []
    count = 0
    waits = False
    for one in tokens:
        if one.type.endswith("_list_open"):
            open_lists.append((one.type.removesuffix("_list_open"), count))
            count += 1
        elif one.type.endswith("_list_close"):
            open_lists.pop()
        elif one.type == "list_item_open":
            waits = open_lists[-1][0] == kind
        elif one.type == "inline" and waits:
            waits = False
            yield {"text": _words(one), "level": len(open_lists) - 1, "list": open_lists[-1][1]}


def _tables(tokens: list["Token"]) -> list[list[list[str]]]:
    """Return the cells of each table, row by row, the header first."""
    tables: list[list[list[str]]] = []
    in_cell = False
    for one in tokens:
        match one.type:
            case "table_open":
                tables.append([])
            case "tr_open":
                tables[-1].append([])
            case "th_open" | "td_open":
                in_cell = True
            case "inline" if in_cell:
                in_cell = False
                tables[-1][-1].append(_words(one))
    return tables
