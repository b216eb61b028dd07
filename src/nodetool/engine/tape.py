"""The numbered events of one attempt, encoded, in the order in which they were told, until they leave as a batch."""

import time
from collections.abc import Callable, Iterable
from typing import Self

from nodetool.engine.pieces import stamp
from nodetool.protocol.frames import Events

FLUSH_BYTES = 64 * 1024
"""A batch of this size leaves at once."""


class Tape:
    """What a run and the workflows within it tell goes here: they share its numbers and its clock.

    *on_first* is called when an event stands in an empty batch, so that whoever sends knows there is something to take;
    *on_full* when a batch is large. ``take`` gives the batch away.

    Events are stamped with ``now``, which stands still between two ``tick``s: the engine ticks after each call of a
    node and each await, the only places where time passes.
    """

    __slots__ = (
        "_batch_seq",
        "_chunks",
        "_end_seq",
        "_first_seq",
        "_on_first",
        "_on_full",
        "_size",
        "attempt",
        "flags",
        "job_no",
        "look_at",
        "now",
        "pieces",
        "seq",
        "stamp",
    )

    def __init__(
        self,
        *,
        job_no: int,
        attempt: int,
        next_seq: int,
        on_first: Callable[["Tape"], None],
        on_full: Callable[["Tape"], None],
    ) -> None:
        self.job_no = job_no
        self.attempt = attempt
        self.now = -1
        """Milliseconds since 1970."""
        self.stamp = b""
        """``now``, as it stands in an event."""
        self.seq = next_seq
        """The number of the next event."""
        self.look_at = 0
        """The number at which it is time to ``settle``, and to see whether more may be told."""
        self.flags = 0
        """Of the batch."""
        self.pieces: list[bytes] = []
        """What was told last: it is joined to the batch some events at a time. Whoever puts the first of them here,
        and has raised ``seq``, calls ``begin``."""
        self._first_seq = self._batch_seq = next_seq
        """The numbers of the first event of the attempt, and of the first in the batch."""
        self._chunks: list[bytes] = []
        self._size = 0
        """What is joined already."""
        self._on_first = on_first
        self._on_full = on_full
        self._end_seq = 0
        """The number after the last event, once nothing more is told."""
        self.tick()

    @property
    def count(self) -> int:
        """Events in the batch."""
        return (self._end_seq or self.seq) - self._batch_seq

    @property
    def size(self) -> int:
        """Bytes in the batch."""
        self._join()
        return self._size

    @property
    def total(self) -> int:
        """Events since the attempt began."""
        return self.seq - self._first_seq

    def tick(self) -> None:
        """Look at the clock."""
        now = time.time_ns() // 1_000_000
        if now != self.now:
            self.set_time(now)

    def set_time(self, now: int) -> None:
        self.now = now
        self.stamp = stamp(now)

    def add(self, event: bytes) -> None:
        """Take an event that was made with the number ``seq``."""
        is_first = not self.pieces
        self.pieces += (event,)
        self.seq += 1
        if is_first:
            self.begin()
        self.settle()

    def begin(self) -> None:
        """Something was told since the last time that pieces were joined."""
        if not self._chunks and not self._end_seq:
            self._on_first(self)

    def settle(self) -> None:
        """Ask to be emptied if the batch is large."""
        if self.size >= FLUSH_BYTES:
            self._on_full(self)

    def take(self) -> Events | None:
        """Return the batch as a frame, and begin the next; None if nothing was told."""
        if not self.count:
            return None
        self._join()
        frame = Events(self.job_no, self.attempt, self._batch_seq, self.count, self.flags, b"".join(self._chunks))
        self._chunks.clear()
        self._size = self.flags = 0
        self._batch_seq += frame.count
        return frame

    def close(self) -> None:
        """Take nothing more: what a node that does not stop says after the end of the run is lost."""
        if not self._end_seq:
            self._join()
            self.pieces = _LOST
            self._end_seq = self.seq

    def _join(self) -> None:
        if self.pieces:
            chunk = b"".join(self.pieces)
            self.pieces.clear()
            self._chunks.append(chunk)
            self._size += len(chunk)


class _Lost(list[bytes]):
    """Keeps nothing: where what is told goes after the end."""

    def __iadd__(self, pieces: Iterable[bytes]) -> Self:  # type: ignore[override,misc]  # a list would take any list
        return self


_LOST = _Lost()
