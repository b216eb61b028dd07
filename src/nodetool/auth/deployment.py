"""The token of ``static``: from the settings, from a file, or made when a server first needs one.

The file is ``deployment.yaml`` in the home. One that NodeTool left in ``~/.config/nodetool`` counts too.
"""

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec

from nodetool.protocol.errors import NodetoolError

FILE = "deployment.yaml"
KEY = "worker_auth_token"

OLD_CONFIG = Path("~/.config/nodetool")
"""Where NodeTool keeps such a file; it is read, and never written."""


class BadDeployment(NodetoolError):
    """The file with the server's token cannot be read."""

    code = "bad_deployment"


class StaticToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token, and where it is from."""

    token: str
    place: str
    """The name of the setting, or the path of the file."""
    is_new: bool = False
    """It was made just now, so nobody has seen it yet."""


def find_or_make(given: str, home: Path, others: Path) -> StaticToken:
    """Return the token that is *given*, or the one in the file of *home* or of *others*; else make one in *home*.

    Raises:
        BadDeployment: a file is there, and is not what it should be.
        OSError: a file cannot be read or written.
    """
    if given:
        return StaticToken(token=given, place="WORKER_AUTH_TOKEN")
    for file in (home / FILE, others / FILE):
        if token := read(file):
            return StaticToken(token=token, place=str(file))
    token = secrets.token_urlsafe(32)
    add(home / FILE, token)
    return StaticToken(token=token, place=str(home / FILE), is_new=True)


def read(file: Path) -> str:
    """Return the token in a file, nothing if there is none. Raises BadDeployment, OSError."""
    try:
        found: Any = msgspec.yaml.decode(file.read_bytes())
    except FileNotFoundError:
        return ""
    except (msgspec.DecodeError, ValueError) as error:
        raise BadDeployment(f"{file.name} is not YAML: {KEY} is expected there, on a line of its own") from error
    token = found.get(KEY) if isinstance(found, dict) else None
    if token is not None and not isinstance(token, str):
        raise BadDeployment(f"{file.name}: {KEY} is not text; put it in quotes")
    return (token or "").strip()


def add(file: Path, token: str) -> None:
    """Put a token into a file beside what it holds. From its first byte on, it is for its owner alone."""
    before = file.read_bytes().rstrip() + b"\n" if file.exists() else b""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(before + f"{KEY}: {token}\n".encode())
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
