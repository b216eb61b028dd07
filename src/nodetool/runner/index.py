"""The index of node types in the home: made in a child process when it is stale, so that no server imports a node."""

import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from nodetool.protocol.descriptions import Index
from nodetool.protocol.errors import ImportFailed
from nodetool.runner.sources import sources, stamps

GROUP = "nodetool.nodes"


async def load_index(file: Path, paths: Sequence[str] = ()) -> Index:
    """Return the index of every installed pack and of the files *paths*, made again if a file of theirs changed.

    Raises:
        ImportFailed: the describing process itself did not end well. A pack that does not import is no error: it is
            in the index, with its message.
    """
    found = _read(file)
    if found is None or not is_current(found, paths):
        await _make(file, paths)
        found = _read(file)
        if found is None:
            raise ImportFailed("the index of nodes could not be read back")
    return found


def is_current(index: Index, paths: Sequence[str]) -> bool:
    """Say whether *index* was made of these sources, with their files as they are now."""
    wanted = sources(metadata.entry_points(group=GROUP), paths)
    return [(source.name, stamps(source)) for source in wanted] == [(pack.name, pack.files) for pack in index.packs]


def _read(file: Path) -> Index | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Index)
    except (OSError, msgspec.MsgspecError):
        return None


async def _make(file: Path, paths: Sequence[str]) -> None:
    """Describe into a new file, and put it in the old one's place."""
    fresh = file.with_suffix(f".{os.getpid()}")
    command = [sys.executable, "-m", "nodetool.runner", "describe", "--output", str(fresh), *paths]
    child = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await child.communicate()
    if child.returncode or not fresh.exists():
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        raise ImportFailed(f"the node types could not be described: {last}")
    fresh.replace(file)
