"""How much of a run may be on its way: sent, and not stored yet. Pure bookkeeping."""

from collections import deque

import msgspec

from nodetool.protocol import frames


class Window(msgspec.Struct, eq=False):
    """Batches leave in order, as far as there is room; the others are held until the server gives credit.

    Credit comes when some events are stored, not for each: fewer than that may look outstanding and be stored. So what
    is larger than the window waits until that little is outstanding, and then passes.

    Until the first credit no more is on its way than that takes: what a run tells first is stored and heard of before a
    flood follows, which the server would be busy with.
    """

    events: int = 0
    """On their way …"""
    size: int = 0
    """… and the bytes of these."""
    is_open: bool = False
    """Some of the run is stored."""
    held: deque[frames.Events] = msgspec.field(default_factory=deque)
    """What was told, and has to wait."""

    def has_room(self, events: int, size: int) -> bool:
        """Say whether one more event may be told, behind *events* that have not been pushed yet."""
        return not self.held and self._fits(events + 1, size)

    def passes(self, batch: frames.Events) -> bool:
        """Say whether what a run told may be sent now; else it is held."""
        if self.held or not self._fits(batch.count, len(batch.data)):
            self.push(batch)
            return False
        self._count(batch)
        return True

    def push(self, batch: frames.Events) -> None:
        """Hold what a run told, until it is popped."""
        self.held.append(batch)

    def pass_by(self, size: int) -> None:
        """Count something else that is stored as well, and leaves before what is held."""
        self.events += 1
        self.size += size

    def pop(self) -> frames.Events | None:
        """Give back the next batch that is held, if it may be sent now."""
        if not self.held or not self._fits(self.held[0].count, len(self.held[0].data)):
            return None
        batch = self.held.popleft()
        self._count(batch)
        return batch

    def credit(self, events: int, size: int) -> None:
        """Forget what is stored now."""
        self.is_open = True
        self.events -= events
        self.size -= size

    def _count(self, batch: frames.Events) -> None:
        self.events += batch.count
        self.size += len(batch.data)

    def _fits(self, events: int, size: int) -> bool:
        if self.events < frames.CREDIT_EVENTS and self.size < frames.CREDIT_BYTES:
            return True
        if not self.is_open:
            return False
        return self.events + events <= frames.WINDOW_EVENTS and self.size + size <= frames.WINDOW_BYTES
