"""Stored files, by user and key: assets, which stay, and temporary ones, which are gone after a day.

A file is written under another name, brought to the disk, and then put in its place: whoever reads sees all of the old
one or all of the new one. Reading and writing take a piece at a time, on threads.
"""

import asyncio
import errno
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal, Protocol
from urllib.parse import quote
from uuid import uuid4

from nodetool.protocol.errors import InvalidKey, StorageFailed, StorageFull, TooLarge

Area = Literal["assets", "temp"]

PIECE = 256 * 1024
"""Bytes that are read or written at a time."""

KEY_LENGTH = 200
"""Characters of a key."""

TEMPORARY_S = 24 * 3600
"""Seconds that a temporary file is kept."""

PART = ".part"
"""How files that are being written end; their names begin with a dot, as no key does."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Stored(Protocol):
    """A file that is open: what it was when it was opened, whatever becomes of its name."""

    @property
    def size(self) -> int: ...

    @property
    def modified(self) -> int:
        """Seconds since 1970."""
        ...

    def pieces(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        """Return the bytes from *start* to before *end*, some at a time."""
        ...

    def close(self) -> None: ...


class Blobs(Protocol):
    """Files of all users. Another user's do not exist for a caller."""

    async def open(self, area: Area, user: str, key: str) -> Stored | None:
        """Raises InvalidKey, StorageFailed."""
        ...

    async def write(self, area: Area, user: str, key: str, pieces: AsyncIterator[bytes], limit: int) -> None:
        """Store a file, in the place of one with this key. Whatever *pieces* raise, nothing is stored then.

        Raises:
            InvalidKey: there can be no such file.
            TooLarge: there is more than *limit* bytes.
            StorageFull, StorageFailed: the disk did not take it.
        """
        ...

    async def delete(self, area: Area, user: str, key: str) -> bool:
        """Remove a file; tell whether there was one. Raises InvalidKey, StorageFailed."""
        ...


class OpenFile:
    """A file of a folder."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        state = os.fstat(file.fileno())
        self.size = state.st_size
        self.modified = int(state.st_mtime)

    async def pieces(self, start: int, end: int) -> AsyncGenerator[bytes, None]:
        while start < end:
            with told():
                piece = await asyncio.to_thread(self._piece, start, min(PIECE, end - start))
            if not piece:
                raise StorageFailed("The file ends early.")
            start += len(piece)
            yield piece

    def close(self) -> None:
        self._file.close()

    def _piece(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)


class FolderBlobs:
    """Files in a folder: one for each area, in it one for each user."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self, area: Area, user: str, key: str) -> OpenFile | None:
        path = self._path(area, user, key)
        with told():
            try:
                return OpenFile(await asyncio.to_thread(path.open, "rb"))
            except FileNotFoundError:
                return None

    async def write(self, area: Area, user: str, key: str, pieces: AsyncIterator[bytes], limit: int) -> None:
        path = self._path(area, user, key)
        async with _written(path) as file:
            size = 0
            async for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise TooLarge(f"the file is over the limit of {limit} bytes")
                with told():
                    await asyncio.to_thread(file.write, piece)

    async def delete(self, area: Area, user: str, key: str) -> bool:
        path = self._path(area, user, key)
        with told():
            try:
                await asyncio.to_thread(path.unlink)
            except FileNotFoundError:
                return False
        return True

    def sweep(self) -> None:
        """Remove what is a day old: temporary files, and parts of files that were never written to their end."""
        begin = time.time() - TEMPORARY_S
        for path in self._folder.glob("*/*/*"):
            with suppress(OSError):  # it may have gone meanwhile
                is_passing = path.parent.parent.name == "temp" or path.name.endswith(PART)
                if is_passing and path.stat().st_mtime < begin:
                    path.unlink()

    def _path(self, area: Area, user: str, key: str) -> Path:
        check_key(key)
        return self._folder / area / f"user-{quote(user, safe='')}" / key


def check_key(key: str) -> None:
    """Raise InvalidKey if no file can have this key: it is a name, and no path."""
    if "/" in key or "\\" in key:
        raise InvalidKey("path separators are not allowed in a key")
    if not key or key.startswith(".") or len(key.encode(errors="replace")) > KEY_LENGTH or not key.isprintable():
        raise InvalidKey(f"a key has 1 to {KEY_LENGTH} printable characters, and does not begin with a dot")


@asynccontextmanager
async def _written(path: Path) -> AsyncIterator[BinaryIO]:
    """Give a file to write into; at the end it is in its place, or nowhere."""
    part = path.with_name(f".{uuid4().hex}{PART}")
    with told():
        file = await asyncio.to_thread(_make, part)
    try:
        yield file
        with told():
            await asyncio.to_thread(_settle, file, part, path)
    finally:
        file.close()
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _make(part: Path) -> BinaryIO:
    part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=PIECE)


def _settle(file: BinaryIO, part: Path, path: Path) -> None:
    """Bring the file to the disk, then give it its name, then bring the name there."""
    file.flush()
    os.fsync(file.fileno())
    part.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def told() -> Iterator[None]:
    """Make errors of the system our own: what failed is said, and where is not."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in FULL:
            raise StorageFull from error
        raise StorageFailed("The file could not be read or written.") from error
