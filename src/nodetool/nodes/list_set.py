"""Nodes that look at what two lists have in common, or at what is in a list twice. The order is kept."""

from typing import Any, ClassVar

import msgspec

from nodetool.protocol.descriptions import Runs
from nodetool.protocol.values import plain, spelled
from nodetool.sdk import Node


class Dedupe(Node):
    """Keep the first of each value that is in a list more than once.
    list, dedupe, unique, distinct, duplicates

    Use cases:
    - List each tag or name once
    - Take double rows out of a table
    - Join two lists without doubles
    """

    type_name: ClassVar = "nodetool.list.Dedupe"
    runs: ClassVar[Runs] = "inline"

    values: list[Any] = []

    def process(self) -> list[Any]:
        return list(_by_key(self.values).values())


class Union(Node):
    """Take what is in one of two lists, each value once.
    list, union, combine, set, unique

    Use cases:
    - Join tags of two sources
    - Join the hits of two searches
    - List everybody who takes part
    """

    type_name: ClassVar = "nodetool.list.Union"
    runs: ClassVar[Runs] = "inline"

    list1: list[Any] = []
    list2: list[Any] = []

    def process(self) -> list[Any]:
        return list(_by_key([*self.list1, *self.list2]).values())


class Intersection(Node):
    """Take what is in both of two lists, each value once.
    list, intersection, common, set, both

    Use cases:
    - Find what two groups have in common
    - Find the hits that two searches agree on
    - Find known values among given ones
    """

    type_name: ClassVar = "nodetool.list.Intersection"
    runs: ClassVar[Runs] = "inline"

    list1: list[Any] = []
    list2: list[Any] = []

    def process(self) -> list[Any]:
        others = _by_key(self.list2)
        return [value for key, value in _by_key(self.list1).items() if key in others]


class Difference(Node):
    """Take what is in the first list and not in the second, each value once.
    list, difference, except, set, missing

    Use cases:
    - Find what is new
    - Find what is missing
    - Take known values out
    """

    type_name: ClassVar = "nodetool.list.Difference"
    runs: ClassVar[Runs] = "inline"

    list1: list[Any] = []
    list2: list[Any] = []

    def process(self) -> list[Any]:
        others = _by_key(self.list2)
        return [value for key, value in _by_key(self.list1).items() if key not in others]


def _by_key(values: list[Any]) -> dict[Any, Any]:
    """Return the first of each value. 1 and 1.0 are the same, 1 and true are not; the order of keys does not count."""
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(_key(value), value)
    return found


def _key(value: Any) -> Any:
    if isinstance(value, str | int | float) or value is None:
        return isinstance(value, bool), value
    return msgspec.json.encode(spelled(plain(value)), order="sorted")
