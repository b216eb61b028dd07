"""Nodes that read HTML. They fetch nothing."""

import html
from collections.abc import AsyncIterator
from typing import Annotated, ClassVar, TypedDict
from urllib.parse import urlsplit

from nodetool.nodes._html import BLOCKS, SILENT, Element, Lines, begin, joined, reading
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

SIDE = frozenset(["aside", "button", "footer", "form", "header", "nav"])
"""What stands around the content of a page."""


class Link(TypedDict):
    """A link of a page."""

    href: str
    text: str
    type: str


class Head(TypedDict, total=False):
    """What a page says of itself."""

    title: str
    description: str
    keywords: str


class Escape(Node):
    """Write a text so that it can stand in HTML: < becomes &lt;.
    html, escape, encode, text

    Use cases:
    - Put a text into a page
    - Show HTML instead of applying it
    - Keep callers from writing tags into a page
    """

    type_name: ClassVar = "lib.html.Escape"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return html.escape(self.text)


class Unescape(Node):
    """Read a text that stands in HTML: &lt; becomes <.
    html, unescape, decode, text, entities

    Use cases:
    - Read the text of an element
    - Clean what a web service sends
    - Bring texts into one form
    """

    type_name: ClassVar = "lib.html.Unescape"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return html.unescape(self.text)


class HTMLToText(Node):
    """Take the text out of HTML.
    html, text, convert, strip, tags

    Use cases:
    - Read a page without its tags
    - Read a mail
    - Prepare a page for a language model
    """

    type_name: ClassVar = "lib.beautifulsoup.HTMLToText"
    title: ClassVar = "Convert HTML to Text"
    runs: ClassVar[Runs] = "async"

    text: Annotated[str, Meta(description="The HTML.")] = ""
    preserve_linebreaks: Annotated[bool, Meta(description="Begin a line where a block begins.")] = True

    async def process(self) -> str:
        text = await reading("text", self.text, _plain)
        return text if self.preserve_linebreaks else " ".join(text.split())


class WebsiteContentExtractor(Node):
    """Take the text of a page without what stands around it: menus, forms, headers and footers.
    html, website, content, article, text

    Use cases:
    - Read an article
    - Summarize a page
    - Index a site
    """

    type_name: ClassVar = "lib.beautifulsoup.WebsiteContentExtractor"
    runs: ClassVar[Runs] = "async"

    html_content: str = ""

    async def process(self) -> str:
        def content(page: Element) -> str:
            return _plain(page.first("main", "article") or page.first("body") or page, SIDE)

        return await reading("html_content", self.html_content, content)


class ExtractLinks(Node):
    """Send the links of a page on, one by one: the address, the text, and whether it leads to the same site.
    html, links, extract, url, stream

    With a base URL the addresses are whole, and the type is internal for those of its host, external for others.

    Use cases:
    - Follow the links of a page
    - Find the files that a page offers
    - Check links
    """

    type_name: ClassVar = "lib.beautifulsoup.ExtractLinks"
    runs: ClassVar[Runs] = "async"

    html: str = ""
    base_url: Annotated[str, Meta(description="The address of the page.")] = ""

    async def process(self) -> AsyncIterator[Link]:
        def links(page: Element) -> list[Link]:
            return [self._link(one) for one in page.all() if one.name == "a" and one.attributes.get("href")]

        for link in await reading("html", self.html, links):
            yield link

    def _link(self, one: Element) -> Link:
        href = joined(self.base_url, one.attributes["href"])
        host = _host(href)
        return {"href": href, "text": one.words(), "type": "external" if host != _host(self.base_url) else "internal"}


class ExtractMetadata(Node):
    """Read what a page says of itself: title, description and keywords.
    html, metadata, title, description, extract

    What it does not say is not sent.

    Use cases:
    - List pages by title
    - Show a preview of a link
    - Sort pages by keyword
    """

    type_name: ClassVar = "lib.beautifulsoup.ExtractMetadata"
    runs: ClassVar[Runs] = "async"

    html: str = ""

    async def process(self) -> Head:
        return await reading("html", self.html, _head)


class BaseUrl(Node):
    """Take scheme and host of an address: https://example.com/a/b becomes https://example.com.
    url, base, host, site, address

    Use cases:
    - Make whole addresses of the links of a page
    - Group links by site
    - Find the front page of a site
    """

    type_name: ClassVar = "lib.beautifulsoup.BaseUrl"
    runs: ClassVar[Runs] = "inline"

    url: str = ""

    def process(self) -> str:
        try:
            parts = urlsplit(self.url)
        except ValueError as error:
            raise BadInput("url", str(error), self.url) from error
        if not parts.scheme or not parts.netloc:
            raise BadInput("url", "has no scheme or no host", self.url)
        return f"{parts.scheme}://{parts.netloc}"


def _plain(element: Element, without: frozenset[str] = frozenset()) -> str:
    lines = Lines()
    _write(element, lines, without)
    return lines.text()


def _write(element: Element, lines: Lines, without: frozenset[str]) -> None:
    for part in element.parts:
        if isinstance(part, str):
            lines.keep(part) if element.name == "pre" else lines.write(part)
        elif part.name == "br":
            lines.end()
        elif part.name not in SILENT and part.name not in without:
            if part.name in BLOCKS:
                begin(lines, part.name)
            elif part.name in ("td", "th"):
                lines.write(" ")
            _write(part, lines, without)
            if part.name in BLOCKS:
                begin(lines, part.name)


def _head(page: Element) -> Head:
    found: Head = {}
    if title := page.first("title"):
        found["title"] = title.words()
    for one in page.all():
        match one.name, one.attributes.get("name", "").lower():
            case "meta", "description":
                found.setdefault("description", one.attributes.get("content", ""))
            case "meta", "keywords":
                found.setdefault("keywords", one.attributes.get("content", ""))
    return found


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
