"""The folder that holds all that a server writes. One server at a time has it.

A command may have it too, for a moment. A server says in the home where it listens, so that commands find it. That
counts only while the lock is held by the process that said it.
"""

import asyncio
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from nodetool.protocol.errors import HomeInUse

LOCK = "lock"
ADDRESS = "server.json"

PATIENCE = 5.0
"""Seconds that a home is waited for, if whoever has it does not say where it listens …"""

AGAIN = 0.05
"""… with so many between two looks."""

if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        os.lseek(fd, 1024, os.SEEK_SET)  # behind the text, which others may then read
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        os.lseek(fd, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Address(msgspec.Struct, frozen=True):
    """Where the server of a home listens, its process, and what stands before the paths of its API."""

    url: str
    pid: int
    prefix: str = "/api"


class Home:
    """A home that this process has for itself, until ``close`` or its death, however it dies."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd: int | None = fd

    @classmethod
    def open(cls, path: Path) -> Self:
        """Make the folder if it is not there, and take it.

        Raises:
            HomeInUse: another server has it.
        """
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Python opens files close-on-exec: a child that outlives the server does not keep the lock.
        fd = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(fd)
            _withdraw(path)
        except BaseException:
            os.close(fd)
            raise
        return cls(path, fd)

    def announce(self, url: str, prefix: str = "/api") -> None:
        """Tell the commands of this user where the server of this home listens, until ``close``."""
        fresh = self.path / f"{ADDRESS}.{os.getpid()}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(Address(url, os.getpid(), prefix)))
        fresh.replace(self.path / ADDRESS)

    def close(self) -> None:
        """Give the home back. The lock file stays: to remove it would let two servers lock two files of one name."""
        fd, self._fd = self._fd, None
        if fd is not None:
            _withdraw(self.path)
            os.ftruncate(fd, 0)
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_home(path: Path) -> bool:
    """Tell whether anybody ever had this home."""
    return (path / LOCK).exists()


async def take_home(path: Path, *, seconds: float = PATIENCE) -> Home | Address:
    """Take a home as ``Home.open`` does, or return where the server listens that has it.

    Raises:
        HomeInUse: whoever has it neither lets go of it in time, nor says where it listens.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            return Home.open(path)
        except HomeInUse:
            if address := announced(path):
                return address
            if time.monotonic() >= until:
                raise
        await asyncio.sleep(AGAIN)


async def own_home(path: Path) -> Home:
    """Take a home from which nobody serves. Raises HomeInUse."""
    found = await take_home(path)
    if isinstance(found, Address):
        raise HomeInUse(_in_use(str(found.pid)))
    return found


def _withdraw(path: Path) -> None:
    """Take back what was announced, be it by a server that was killed."""
    (path / ADDRESS).unlink(missing_ok=True)


def announced(path: Path) -> Address | None:
    """Return where the process that the lock names listens, if it said so. That counts only if it holds the lock."""
    try:
        address = msgspec.json.decode((path / ADDRESS).read_bytes(), type=Address)
        holder = (path / LOCK).read_bytes()
    except (OSError, msgspec.MsgspecError):
        return None
    return address if holder.strip() == b"%d" % address.pid else None


def _take(fd: int) -> None:
    """Lock the open file and leave our process id in it, for the sentence that a second server says."""
    try:
        _lock(fd)
    except (BlockingIOError, PermissionError) as error:
        raise HomeInUse(_in_use(os.read(fd, 20).decode("ascii", "replace").strip())) from error
    os.ftruncate(fd, 0)
    os.write(fd, b"%d\n" % os.getpid())


def _in_use(holder: str) -> str:
    return f"Another server (process {holder}) uses this home." if holder.isdigit() else ""
