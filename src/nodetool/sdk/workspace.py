"""The files of one run: a folder that is made when a node first asks for it, and gone when the run has ended."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath


class OutsideWorkspace(ValueError):
    """A path that leads out of the workspace, or is none."""


class Workspace:
    """Reads and writes files by names such as ``reports/june.csv``, which cannot leave it.

    A name with ``..``, an absolute one, and one that a link leads out of the folder with raise OutsideWorkspace. The
    methods wait for the disk: an async ``process`` calls them with ``asyncio.to_thread``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def path(self, name: str) -> Path:
        """Return where *name* is, for libraries that want a path. Raises OutsideWorkspace."""
        parts = PurePosixPath(name)
        is_outside = parts.is_absolute() or PureWindowsPath(name).anchor or ".." in parts.parts
        if is_outside or "\0" in name or "\\" in name:
            raise OutsideWorkspace(f"{name!r} is no path inside the workspace")
        path = (self.folder / parts).resolve()
        if not path.is_relative_to(self.folder):
            raise OutsideWorkspace(f"{name!r} leads out of the workspace")
        return path

    def name(self, path: Path) -> str:
        """Return the name of a path inside."""
        return path.relative_to(self.folder).as_posix()

    def read_text(self, name: str, encoding: str = "utf-8") -> str:
        with _called(name):
            return self.path(name).read_text(encoding)

    def read_bytes(self, name: str) -> bytes:
        with _called(name):
            return self.path(name).read_bytes()

    def write_text(self, name: str, text: str, encoding: str = "utf-8", *, append: bool = False) -> None:
        """Write a file, and the folders that it is in."""
        with _called(name), self._parent(name).open("a" if append else "w", encoding=encoding, newline="") as file:
            file.write(text)

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file, and the folders that it is in."""
        with _called(name):
            self._parent(name).write_bytes(data)

    def make_folder(self, name: str) -> None:
        with _called(name):
            self.path(name).mkdir(parents=True, exist_ok=True)

    def exists(self, name: str) -> bool:
        return self.path(name).exists()

    def list(self, name: str = ".", pattern: str = "*", *, recursive: bool = False) -> Iterator[str]:
        """Return the names of the files in a folder that match *pattern*, in their order. Links are not followed."""
        _check_pattern(pattern)
        folder = self.path(name)
        found = folder.rglob(pattern) if recursive else folder.glob(pattern)
        files = sorted(path for path in found if path.is_file() and path.resolve().is_relative_to(self.folder))
        return map(self.name, files)

    def delete(self, name: str, *, recursive: bool = False) -> None:
        """Remove a file, or with *recursive* a folder with all that is in it."""
        path = self.path(name)
        if path == self.folder:
            raise OutsideWorkspace("the workspace itself stays")
        with _called(name):
            if recursive and path.is_dir():
                shutil.rmtree(path)
            elif path.is_dir():
                path.rmdir()
            else:
                path.unlink()

    def _parent(self, name: str) -> Path:
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@contextmanager
def _called(name: str) -> Iterator[None]:
    """Let an error of the system name the file as the workflow does: where the workspace is, is nobody's business."""
    try:
        yield
    except OSError as error:
        raise type(error)(error.errno, error.strerror, name) from error


def _check_pattern(pattern: str) -> None:
    parts = PurePosixPath(pattern)
    if not parts.parts or parts.is_absolute() or ".." in parts.parts:
        raise OutsideWorkspace(f"{pattern!r} is no pattern for files inside the workspace")
