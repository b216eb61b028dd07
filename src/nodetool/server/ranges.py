"""Which part of a file a request asks for, and whether it has it already (RFC 9110, 13 and 14). Pure functions."""

import re
from email.utils import formatdate, parsedate_to_datetime
from typing import NamedTuple

from nodetool.protocol.errors import RangeNotSatisfiable

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)

DIGITS = 18
"""Of a position; longer ones are beyond any file."""


class Part(NamedTuple):
    """The bytes from *start* to before *end*."""

    start: int
    end: int


def part_of(header: str | None, size: int) -> Part | None:
    """Return the one range that is asked for; None for all, also where there are several or it cannot be read.

    Raises:
        RangeNotSatisfiable: the file has no such bytes.
    """
    found = _RANGE.fullmatch(header.strip().lower()) if header else None
    if found is None or found[0] == "bytes=-":
        return None
    first, last = (int(text[:DIGITS]) if text else None for text in found.groups())
    if first is None:
        start, end = max(0, size - (last or 0)), size
    else:
        start, end = first, size if last is None else min(last + 1, size)
        if last is not None and last < first:
            return None
    if start >= end:
        raise RangeNotSatisfiable(f"the file has {size} bytes")
    return Part(start, end)


def is_known(since: str | None, modified: int) -> bool:
    """Tell whether a client that has the file as of the date *since* has it as it is."""
    if not since:
        return False
    try:
        return modified <= parsedate_to_datetime(since).timestamp()
    except (ValueError, TypeError, OverflowError):
        return False


def http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
