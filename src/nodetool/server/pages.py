"""HTTP for people: the page that runs workflows."""

from functools import cached_property
from pathlib import Path

from nodetool.protocol.errors import NotFound
from nodetool.server.requests import Request
from nodetool.server.responses import Answer
from nodetool.server.types import ASGIApp

HTML = b"text/html; charset=utf-8"


class PageRoutes:
    """One static page. *page* is its file; without one it is not found."""

    def __init__(self, page: Path | None) -> None:
        self._file = page

    async def page(self, _: Request) -> ASGIApp:
        """Show the page on which a person runs workflows."""
        return Answer(self._html, type=HTML)

    @cached_property
    def _html(self) -> bytes:
        if self._file is None or not self._file.is_file():
            raise NotFound("page", "api-demo.html")
        return self._file.read_bytes()
