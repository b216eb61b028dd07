"""A few bytes that a runner and the server share: the runner's loop goes round, and which node it is in.

Readable after the runner's death, however it died: that is how a run is found to be at fault, or cleared. The loop
writes its beat; the engine writes the node that it enters, and that it has left. A torn read is harmless: the bytes are
looked at when the runner stands still or is dead. Beats are by the monotonic clock: both processes have the same, and
nobody sets it.
"""

import mmap
import os
import struct
import tempfile
from typing import NamedTuple, Self

SIZE = 24
_beat = struct.Struct("<Q")
_place = struct.Struct("<QQ")


class Place(NamedTuple):
    """The node that a runner is in: a job by its number, a node by its index in the plan."""

    job_no: int
    node: int


class Pulse:
    """One runner's bytes. ``close`` it at both ends."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._bytes = mmap.mmap(fd, SIZE)

    @classmethod
    def create(cls) -> Self:
        """Make a pulse that a child can inherit, by its file descriptor."""
        fd = os.memfd_create("pulse") if hasattr(os, "memfd_create") else _unnamed_file()
        os.ftruncate(fd, SIZE)
        return cls(fd)

    def beat(self, now_ms: int) -> None:
        """Say that the loop went round."""
        _beat.pack_into(self._bytes, 0, now_ms)

    def enter(self, job_no: int, node: int) -> None:
        """Say which node runs now."""
        _place.pack_into(self._bytes, 8, job_no, node + 1)

    def leave(self) -> None:
        """Say that no node runs now."""
        _place.pack_into(self._bytes, 8, 0, 0)

    def last_beat(self) -> int:
        """Return when the loop last went round, in milliseconds of the monotonic clock; 0 before the first time."""
        (beat,) = _beat.unpack_from(self._bytes, 0)
        return int(beat)

    def place(self) -> Place | None:
        """Return the node that the runner is in, or died in."""
        job_no, node = _place.unpack_from(self._bytes, 8)
        return Place(job_no, node - 1) if node else None

    def close(self) -> None:
        self._bytes.close()
        os.close(self.fd)


def _unnamed_file() -> int:
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
