"""How much of a run may be on its way: sent, and not stored yet. Pure bookkeeping."""

from collections import deque

from nodetool.protocol import frames


class Window:
    """Batches leave in order, as far as there is room; the others are held until the server gives credit.

    Credit comes when some events are stored, not for each: fewer than that may look outstanding and be stored. So what
    is larger than the window waits until that little is outstanding, and then passes.

    Until the first credit no more is on its way than that takes: what a run tells first is stored and heard of before a
    flood follows, which the server would be busy with.
    """

    def __init__(self) -> None:
        self.events = 0
        self.size = 0
        self._is_open = False
        """Some of the run is stored."""
        self._held: deque[frames.Events] = deque()

    @property
    def is_holding(self) -> bool:
        return bool(self._held)

    def has_room(self, events: int, size: int) -> bool:
        """Say whether one more event may be told, behind *events* that have not been pushed yet."""
        return not self._held and self._fits(events + 1, size)

    def push(self, batch: frames.Events) -> None:
        """Take what a run told."""
        self._held.append(batch)

    def pass_by(self, size: int) -> None:
        """Count something else that is stored as well, and leaves before what is held."""
        self.events += 1
        self.size += size

    def pop(self) -> frames.Events | None:
        """Give back the next batch, if it may be sent now."""
        if not self._held or not self._fits(self._held[0].count, len(self._held[0].data)):
            return None
        batch = self._held.popleft()
        self.events += batch.count
        self.size += len(batch.data)
        return batch

    def credit(self, events: int, size: int) -> None:
        """Forget what is stored now."""
        self._is_open = True
        self.events -= events
        self.size -= size

    def _fits(self, events: int, size: int) -> bool:
        if self.events < frames.CREDIT_EVENTS and self.size < frames.CREDIT_BYTES:
            return True
        if not self._is_open:
            return False
        return self.events + events <= frames.WINDOW_EVENTS and self.size + size <= frames.WINDOW_BYTES
