"""HTML cut into its parts: in one pass, whatever it is.

Neither ``html.parser`` nor a parser in C will do: some pages of a few hundred kilobytes keep either busy for minutes,
and nothing can stop them.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import NamedTuple

from nodetool.nodes._time import Clock

NAME = re.compile(r"</?([A-Za-z][^\s/>]*)")
ATTRIBUTE = re.compile(r"""[\s/]*([^\s/>=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"']*))?""")

RAW = {name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "textarea", "title")}
"""Elements whose content is text, whatever it looks like, up to their own end."""


class Text(NamedTuple):
    """What stands between tags."""

    text: str


class Begin(NamedTuple):
    """The tag with which an element begins."""

    name: str
    attributes: Mapping[str, str]


class End(NamedTuple):
    """The tag with which an element ends."""

    name: str


def parts(html: str, clock: Clock) -> Iterator[Text | Begin | End]:
    """Yield what a page is made of, without comments. Raises OutOfTime."""
    at = 0
    while at < len(html):
        clock.tick()
        tag = html.find("<", at)
        if tag != at:
            end = tag if tag >= 0 else len(html)
            yield Text(unescape(html[at:end]))
            at = end
        elif found := NAME.match(html, at):
            name = found[1].lower()
            if html[at + 1] == "/":
                yield End(name)
                at = _behind(html, ">", found.end())
                continue
            attributes, at = _attributes(html, found.end(), clock)
            yield Begin(name, attributes)
            if name in RAW:
                close = RAW[name].search(html, at)
                end = close.start() if close else len(html)
                yield Text(html[at:end] if name in ("script", "style") else unescape(html[at:end]))
                at = end
        elif html.startswith("<!--", at):
            at = _behind(html, "-->", at + 4)
        elif html.startswith(("<!", "<?"), at):
            at = _behind(html, ">", at)
        else:
            yield Text("<")
            at += 1


def _attributes(html: str, at: int, clock: Clock) -> tuple[dict[str, str], int]:
    """Return the attributes of a tag, the first of each name, and where the tag ends."""
    attributes: dict[str, str] = {}
    while found := ATTRIBUTE.match(html, at):
        clock.tick()
        value = found[2] or ""
        attributes.setdefault(found[1].lower(), unescape(value[1:-1] if value[:1] in ("'", '"') else value))
        at = found.end()
    return attributes, _behind(html, ">", at)


def _behind(html: str, mark: str, at: int) -> int:
    """Return the place behind the next *mark*, or the end."""
    found = html.find(mark, at)
    return found + len(mark) if found >= 0 else len(html)
