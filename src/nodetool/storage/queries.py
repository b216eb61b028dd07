"""The SQL of this room, by name. It is written in queries.sql, each query with its reason beside it."""

import re
from collections.abc import Mapping
from pathlib import Path

Queries = Mapping[str, str]

_HEAD = re.compile(r"^-- (\w+) --$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)


def load() -> Queries:
    """Read queries.sql."""
    text = Path(__file__).with_name("queries.sql").read_text(encoding="utf-8")
    _, *parts = _HEAD.split(text)
    return {name: _COMMENT.sub("", body).strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}
