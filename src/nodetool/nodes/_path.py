"""JSONPath as Extract JSON uses it: names, places, wildcards, slices and descent; no scripts."""

import re
from collections.abc import Iterator
from typing import Any

from nodetool.sdk import BadInput

STEP = re.compile(
    r"""
    (?: (?P<deep>\.\.) | \. )?
    (?: (?P<name>[^.\[\]*'"\s]+)
      | (?P<star>\*)
      | \[\s*(?: (?P<place>-?\d+) | (?P<all>\*) | '(?P<single>[^']*)' | "(?P<double>[^"]*)"
               | (?P<start>-?\d*):(?P<stop>-?\d*)(?::(?P<step>-?\d*))? )\s*\]
    )""",
    re.VERBOSE,
)

MAX_FOUND = 100_000
"""Values at any step: a few ``..*`` lead to very many."""


def find(data: Any, path: str) -> list[Any]:
    """Return all values that *path* leads to. Raises BadInput."""
    found = [data]
    rest = path.strip().removeprefix("$")
    while rest:
        step = STEP.match(rest)
        if step is None:
            raise BadInput("json_path", f"cannot be read from {rest[:40]!r} on", path)
        found = _bounded(value for one in found for value in _step(one, step))
        rest = rest[step.end() :]
    return found


def _bounded(values: Iterator[Any]) -> list[Any]:
    found = []
    for value in values:
        found.append(value)
        if len(found) > MAX_FOUND:
            raise BadInput("json_path", f"leads to more than {MAX_FOUND} values")
    return found


def _step(value: Any, step: re.Match[str]) -> Iterator[Any]:
    for one in _descended(value) if step["deep"] else (value,):
        yield from _below(one, step)


def _descended(value: Any) -> Iterator[Any]:
    yield value
    for below in _children(value):
        yield from _descended(below)


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _below(value: Any, step: re.Match[str]) -> Iterator[Any]:
    if step["star"] or step["all"]:
        yield from _children(value)
    elif step["place"]:
        place = int(step["place"])
        if isinstance(value, list) and -len(value) <= place < len(value):
            yield value[place]
    elif step["start"] is not None:
        if isinstance(value, list) and step["step"] != "0":
            yield from value[slice(*(int(step[part]) if step[part] else None for part in ("start", "stop", "step")))]
    else:
        names = (step["name"], step["single"], step["double"])
        name = next(one for one in names if one is not None)
        if isinstance(value, dict) and name in value:
            yield value[name]
