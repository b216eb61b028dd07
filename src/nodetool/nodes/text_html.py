"""The node that writes HTML as text."""

import textwrap
from typing import Annotated, ClassVar

from nodetool.nodes._html import BLOCKS, SILENT, Element, Lines, begin, joined, reading
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Meta, Node


class HtmlToText(Node):
    """Write HTML as readable text, with headings, lists and links as Markdown writes them.
    html, text, markdown, convert, extract

    Use cases:
    - Read a page without its tags, but with its links
    - Prepare a page for a language model
    - Answer a mail
    """

    type_name: ClassVar = "nodetool.text.HtmlToText"
    title: ClassVar = "HTML to Text"
    runs: ClassVar[Runs] = "async"

    html: str = ""
    base_url: Annotated[str, Meta(description="The address of the page, for the links of it.")] = ""
    body_width: Annotated[int, Meta(ge=0, description="Characters of a line; 0 does not break lines.")] = 1000
    ignore_images: bool = True
    ignore_mailto_links: bool = True

    async def process(self) -> str:
        return await reading("html", self.html, self._written)

    def _written(self, page: Element) -> str:
        lines = Lines()
        self._write(page, lines, "")
        if not self.body_width:
            return lines.text()
        wrap = textwrap.TextWrapper(self.body_width, break_long_words=False, break_on_hyphens=False)
        return "\n".join(line if len(line) <= self.body_width else wrap.fill(line) for line in lines.text().split("\n"))

    def _write(self, element: Element, lines: Lines, bullet: str) -> None:
        number = 0
        for part in element.parts:
            if isinstance(part, str):
                lines.keep(part) if element.name == "pre" else lines.write(part)
                continue
            if part.name in SILENT:
                continue
            if part.name in BLOCKS:
                begin(lines, part.name)
            if part.name == "li":
                number += 1
            lines.write(self._before(part, bullet, number))
            inside = bullet + ("1" if part.name == "ol" else "*" if part.name == "ul" else "")
            self._write(part, lines, inside)
            lines.write(self._after(part))
            if part.name in BLOCKS:
                begin(lines, part.name)

    def _before(self, element: Element, bullet: str, number: int) -> str:
        match element.name:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                return "#" * int(element.name[1]) + " "
            case "li":
                return f"{number}. " if bullet.endswith("1") else "* "
            case "blockquote":
                return "> "
            case "a" if self._leads(element):
                return "["
            case "img" if not self.ignore_images and element.attributes.get("src"):
                source = joined(self.base_url, element.attributes["src"])
                return f"![{element.attributes.get('alt', '')}]({source})"
            case "td" | "th" | "br":
                return " "
        return ""

    def _after(self, element: Element) -> str:
        if element.name == "a" and self._leads(element):
            return f"]({joined(self.base_url, element.attributes['href'])})"
        return ""

    def _leads(self, element: Element) -> bool:
        href = element.attributes.get("href", "")
        return bool(href) and not (self.ignore_mailto_links and href.lower().startswith("mailto:"))
