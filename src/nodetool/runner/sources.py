"""Where nodes may come from, and the state of those files: found without importing any of them."""

import importlib.util
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import NamedTuple

Stamp = tuple[str, int, int]
"""A file: path, modification time in nanoseconds, size in bytes."""


class Source(NamedTuple):
    """An installed module, or a file."""

    name: str
    module: str
    path: str | None


def sources(entry_points: Iterable[EntryPoint], paths: Sequence[str]) -> list[Source]:
    """Return the registered modules, ours first, and the given files."""
    registered = {Source(point.name, point.module, None) for point in entry_points}
    given = [Source(Path(path).stem, "", str(Path(path).resolve())) for path in paths]
    return [*sorted(registered, key=lambda source: (source.module != "nodetool.nodes", source)), *given]


def stamps(source: Source) -> list[Stamp]:
    """Return the state of every file of *source*; none if it is not there."""
    files = [Path(source.path)] if source.path else _files(source.module)
    found = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            continue
        found.append((str(file), state.st_mtime_ns, state.st_size))
    return found


def _files(module: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return sorted(file for place in spec.submodule_search_locations for file in Path(place).glob("*.py"))
    return [Path(spec.origin)] if spec.origin else []
