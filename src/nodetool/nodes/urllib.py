"""Nodes that read and write addresses. None of them calls one."""

from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Node


class ParseURL(Node):
    """Take an address apart: scheme, host, port, path, query and the rest.
    url, parse, address, host, query

    Use cases:
    - Read the host of a link
    - Read the params of a link
    - Check where a link leads
    """

    type_name: ClassVar = "lib.urllib.ParseURL"
    title: ClassVar = "Parse URL"
    runs: ClassVar[Runs] = "inline"

    url: str = ""

    def process(self) -> dict[str, Any]:
        try:
            parts = urlsplit(self.url)
            return {
                "scheme": parts.scheme,
                "netloc": parts.netloc,
                "hostname": parts.hostname,
                "port": parts.port,
                "path": parts.path,
                "query": parts.query,
                "params": dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=10_000)),
                "fragment": parts.fragment,
                "username": parts.username,
                "password": parts.password,
            }
        except ValueError as error:
            raise BadInput("url", str(error), self.url) from error


class JoinURL(Node):
    """Follow a link from the page on which it stands.
    url, join, link, base, address

    Use cases:
    - Make whole addresses of the links of a page
    - Go to the next page
    - Build the address of a call
    """

    type_name: ClassVar = "lib.urllib.JoinURL"
    title: ClassVar = "Join URL"
    runs: ClassVar[Runs] = "inline"

    base: str = ""
    url: str = ""

    def process(self) -> str:
        try:
            return urljoin(self.base, self.url)
        except ValueError as error:
            raise BadInput("url", str(error), self.url) from error


class EncodeQueryParams(Node):
    """Write a dictionary as the params of an address.
    url, query, params, encode

    Use cases:
    - Build the address of a call
    - Make a link to a search
    - Write the body of a form
    """

    type_name: ClassVar = "lib.urllib.EncodeQueryParams"
    runs: ClassVar[Runs] = "inline"

    params: dict[str, str] = {}

    def process(self) -> str:
        return urlencode(self.params)


class QuoteURL(Node):
    """Write a text so that it can be part of an address.
    url, quote, escape, encode, percent

    Use cases:
    - Put a name into a path
    - Put words into a search
    - Make a link of a title
    """

    type_name: ClassVar = "lib.urllib.QuoteURL"
    title: ClassVar = "Quote URL"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return quote(self.text)


class UnquoteURL(Node):
    """Read a text that is part of an address: %20 becomes a space.
    url, unquote, unescape, decode, percent

    Use cases:
    - Read the name of a file in a link
    - Read words of a search
    - Show a link to people
    """

    type_name: ClassVar = "lib.urllib.UnquoteURL"
    title: ClassVar = "Unquote URL"
    runs: ClassVar[Runs] = "inline"

    text: str = ""

    def process(self) -> str:
        return unquote(self.text)
