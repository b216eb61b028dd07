"""How often something may happen, by whom: a bucket of tokens for each, filled at a steady rate."""

from collections import OrderedDict


class Buckets:
    """*rate* a second, and *burst* at once, for each key. No clock of its own: the moment comes with the question."""

    def __init__(self, rate: float, burst: float, *, size: int = 10_000) -> None:
        """At most *size* keys are remembered: a bucket that was not asked for longest is full again."""
        self._rate = rate
        self._burst = burst
        self._size = size
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, key: str, now: float) -> float:
        """Take one, and return 0; or the seconds until there is one."""
        left, since = self._left.get(key, (self._burst, now))
        left = min(self._burst, left + max(0.0, now - since) * self._rate)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate
        self._left[key] = (left if wait else left - 1, now)
        self._left.move_to_end(key)
        if len(self._left) > self._size:
            self._left.popitem(last=False)
        return wait
