"""The folder that holds all that a server writes. One server at a time has it."""

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from nodetool.protocol.errors import HomeInUse

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
        fd = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(fd)
        except BaseException:
            os.close(fd)
            raise
        return cls(path, fd)

    def close(self) -> None:
        """Give the home back. The lock file stays: to remove it would let two servers lock two files of one name."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.ftruncate(fd, 0)
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _take(fd: int) -> None:
    """Lock the open file and leave our process id in it, for the sentence that a second server says."""
    try:
        _lock(fd)
    except (BlockingIOError, PermissionError) as error:
        raise HomeInUse(_in_use(os.read(fd, 20))) from error
    os.ftruncate(fd, 0)
    os.write(fd, b"%d\n" % os.getpid())


def _in_use(pid: bytes) -> str:
    holder = pid.decode("ascii", "replace").strip()
    return f"Another server (process {holder}) uses this home." if holder.isdigit() else ""
