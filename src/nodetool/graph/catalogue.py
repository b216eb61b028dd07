"""The node types that there are, by name."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher, get_close_matches
from fnmatch import fnmatchcase

import msgspec

from nodetool.graph.aliases import current
from nodetool.protocol.descriptions import Index, NodeDescription, Output, Pack, Property

SUFFIX = "Node"
"""A type may be written with it or without."""

NEAR = 3


class Kind(msgspec.Struct, frozen=True):
    """A node type, with its handles by name."""

    description: NodeDescription
    properties: dict[str, Property]
    outputs: dict[str, Output]
    reads: bool
    """It reads streams itself, and so fires once."""
    required: tuple[str, ...]
    """Properties that need an edge or a value."""


class Catalogue:
    """The types of an index. Where two packs bring the same type, the first one counts.

    *allow* names those that may run though they touch the machine, a name or a pattern such as ``lib.os.*``; None
    allows all.
    """

    def __init__(self, index: Index, allow: Sequence[str] | None = None) -> None:
        self._allow = allow
        self.packs: list[Pack] = index.packs
        """Also those that could not be had: they carry an error and no nodes."""
        self.hash = index.hash
        self._kinds: dict[str, Kind] = {}
        for pack in index.packs:
            for description in pack.nodes:
                self._kinds.setdefault(description.node_type, _kind(description))
        self._by_end = _by_end(self._kinds)

    def renewed(self, index: Index) -> "Catalogue":
        """Return the types of another index, of which the same may run."""
        return Catalogue(index, self._allow)

    def __iter__(self) -> Iterator[NodeDescription]:
        return (kind.description for kind in self._kinds.values())

    def get(self, type_name: str) -> NodeDescription | None:
        kind = self.kind(type_name)
        return kind.description if kind else None

    def kind(self, type_name: str) -> Kind | None:
        """Find a type by its exact name, else with or without the suffix ``Node``, else by what it was once called."""
        found = self._named(type_name)
        if found is None and (now := current(type_name.removesuffix(SUFFIX)) or current(type_name)):
            return self._named(now)
        return found

    def _named(self, type_name: str) -> Kind | None:
        found = self._kinds.get(type_name)
        if found or type_name.endswith(f".{SUFFIX}"):
            return found
        if type_name.endswith(SUFFIX):
            return self._kinds.get(type_name.removesuffix(SUFFIX))
        return self._kinds.get(type_name + SUFFIX)

    def allows(self, description: NodeDescription) -> bool:
        """Tell whether nodes of a type may run here."""
        if not description.touches or self._allow is None:
            return True
        return any(fnmatchcase(description.node_type, pattern) for pattern in self._allow)

    def near(self, type_name: str) -> list[str]:
        """Name up to three types that may have been meant, the likeliest first."""
        wanted = type_name.lower()
        ends = get_close_matches(_end(wanted), self._by_end, NEAR, 0.75)
        found = {name for end in ends for name in self._by_end[end]}
        found.update(get_close_matches(type_name, self._kinds, NEAR, 0.8))
        return sorted(found, key=lambda name: (-_likeness(wanted, name), name))[:NEAR]


def _kind(description: NodeDescription) -> Kind:
    return Kind(
        description=description,
        properties={one.name: one for one in description.properties},
        outputs={one.name: one for one in description.outputs},
        reads=any(one.stream for one in description.properties),
        required=tuple(one.name for one in description.properties if one.required),
    )


def _by_end(names: Iterable[str]) -> dict[str, list[str]]:
    ends: dict[str, list[str]] = {}
    for name in names:
        ends.setdefault(_end(name.lower()), []).append(name)
    return ends


def _end(type_name: str) -> str:
    return type_name.rpartition(".")[2].removesuffix(SUFFIX.lower())


def _likeness(wanted: str, name: str) -> float:
    """Compare whole names; the same last segment outweighs another namespace."""
    name = name.lower()
    return SequenceMatcher(None, wanted, name).ratio() + (_end(wanted) == _end(name))
