"""The keys of a home in a file that only its owner may read: a line each, the one that seals first."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

FILE = "secrets.key"


def read_keys(home: Path) -> list[str]:
    """Return the keys of a home; the first time, make one."""
    path = home / FILE
    try:
        _make(path, [_new()])
    except FileExistsError:
        return [line for line in path.read_text(encoding="ascii").split() if line]
    return read_keys(home)


def add_key(home: Path) -> None:
    """Put a new key in front of the others."""
    _replace(home / FILE, [_new(), *read_keys(home)])


def keep_first(home: Path) -> None:
    """Forget all keys but the one that seals."""
    _replace(home / FILE, read_keys(home)[:1])


def _new() -> str:
    return secrets.token_urlsafe(32)


def _replace(path: Path, keys: Sequence[str]) -> None:
    """At no moment is there less than a whole file."""
    fresh = path.with_suffix(f".{os.getpid()}")
    _make(fresh, keys)
    fresh.replace(path)


def _make(path: Path, keys: Sequence[str]) -> None:
    """Write a file that nobody else could ever open. Raises FileExistsError."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="ascii") as file:
        file.write("".join(f"{key}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
