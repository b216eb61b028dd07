"""Where nodes may come from, and the state of those files: found without importing any of them."""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import NamedTuple

from nodetool.protocol.descriptions import is_package, named_by

Stamp = tuple[str, int, int]
"""A file: path, modification time in nanoseconds, size in bytes."""


class Source(NamedTuple):
    """An installed module, or a file."""

    name: str
    module: str
    path: str | None
    release: str = ""
    """The version of the distribution that it is installed with."""


def sources(entry_points: Iterable[EntryPoint], paths: Sequence[str]) -> list[Source]:
    """Return the registered modules, ours first, and the given files."""
    registered = {
        Source(point.name, point.module, None, point.dist.version if point.dist else "") for point in entry_points
    }
    files = [Path(path).resolve() for path in paths]
    given = [Source(named_by(file), "", str(file)) for file in files]
    return [*sorted(registered, key=lambda source: (source.module != "nodetool.nodes", source)), *given]


def stamps(source: Source) -> list[Stamp]:
    """Return the state of every file of *source*; none if it is not there."""
    files = _beside(Path(source.path)) if source.path else _files(source.module)
    found = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            continue
        found.append((str(file), state.st_mtime_ns, state.st_size))
    return found


def version(source: Source) -> str:
    """Return what stands for the code of *source*: its release, and what is in its files.

    Not their times: the same code may be installed again. An editable install keeps its release, whatever is edited.
    """
    made_from = hashlib.sha256(f"{source.release}\n".encode())
    for path, _, _ in stamps(source):
        with suppress(OSError):
            made_from.update(Path(path).read_bytes())
    return made_from.hexdigest()[:16]


def _beside(file: Path) -> list[Path]:
    """Return a file, with the others of its folder if it makes that a package."""
    return sorted(file.parent.glob("*.py")) if is_package(file) else [file]


def _files(module: str) -> list[Path]:
    """Return the files of a module, and of the packages that it is in."""
    specs = _find(module)
    if not specs:
        return []
    above = [Path(spec.origin) for spec in specs if spec.origin]
    inside = [file for place in specs[-1].submodule_search_locations or () for file in Path(place).glob("*.py")]
    return sorted({*above, *inside})


def _find(module: str) -> list[ModuleSpec]:
    """Find a module and the packages that it is in, as an import would, but without importing any of them."""
    specs: list[ModuleSpec] = []
    places: Sequence[str] | None = None
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        spec = _find_in(".".join(parts[:end]), places)
        if spec is None or (places is None and end > 1):
            return []
        specs.append(spec)
        places = spec.submodule_search_locations
    return specs


def _find_in(name: str, places: Sequence[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        spec = finder.find_spec(name, places, None)
        if spec is not None:
            return spec
    return None
