"""Regular expressions as the nodes use them: those of Python's ``re``, in a library that can be stopped.

Imported at the first firing that needs it.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import regex

from nodetool.nodes._time import Clock, in_time
from nodetool.sdk import BadInput

T = TypeVar("T")

MAX_LENGTH = 5_000
"""Characters of a pattern: to compile one takes some ten microseconds each."""

MAX_FOUND = 1_000_000
"""Matches, or parts, that one text may have."""


class Search:
    """A compiled pattern, and the time that there is for using it."""

    def __init__(self, pattern: "regex.Pattern[str]", clock: Clock) -> None:
        self._pattern = pattern
        self._clock = clock

    error = regex.error
    """What a replacement raises that is not well formed."""

    def groups(self) -> int:
        """Return how many groups the pattern has."""
        return self._pattern.groups

    def begins(self, text: str) -> bool:
        """Say whether the beginning of *text* matches."""
        return self._pattern.match(text, **self._time()) is not None

    def find(self, text: str) -> "regex.Match[str] | None":
        return self._pattern.search(text, **self._time())

    def fits(self, text: str) -> bool:
        """Say whether the whole *text* matches."""
        return self._pattern.fullmatch(text, **self._time()) is not None

    def all(self, text: str) -> "Iterator[regex.Match[str]]":
        return self._pattern.finditer(text, **self._time())

    def replace(self, text: str, replacement: str, count: int) -> str:
        return self._pattern.sub(replacement, text, count, **self._time())

    def split(self, text: str, most: int) -> list[str | None]:
        return self._pattern.split(text, most, **self._time())

    def _time(self) -> dict[str, Any]:
        """In a thread the search lets the loop work on beside it."""
        return {"timeout": self._clock.left(), "concurrent": not self._clock.is_short}


async def searching(handle: str, pattern: str, work: Callable[[Search], T], flags: str = "") -> T:
    """Return what *work* makes with the *pattern* that came in on *handle*; *flags* are letters of ``(?…)``.

    Raises:
        BadInput: the pattern does not compile, or takes too long.
    """
    try:
        return await in_time(lambda clock: work(Search(compiled(handle, pattern, flags), clock)))
    except TimeoutError:
        raise BadInput(handle, "takes too long on this text, and was stopped after a second", pattern) from None


def compiled(handle: str, pattern: str, flags: str = "") -> "regex.Pattern[str]":
    if len(pattern) > MAX_LENGTH:
        raise BadInput(handle, f"has {len(pattern)} characters, and {MAX_LENGTH} is the limit")
    try:
        return _compiled(f"(?{flags}){pattern}" if flags else pattern)
    except (regex.error, ValueError, OverflowError, IndexError) as error:
        raise BadInput(handle, f"is not a pattern: {error}", pattern) from error
    except RecursionError:
        raise BadInput(handle, "is nested too deeply", pattern) from None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern)
