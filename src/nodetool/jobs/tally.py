"""What is counted about jobs, for operators. Plain numbers: counting is an addition, reading the scrape's work."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
"""Upper bounds of the buckets, in seconds."""


class Spread:
    """How durations are spread: a Prometheus histogram as numbers."""

    __slots__ = ("buckets", "sum")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """Return each bound with the number of durations up to it."""
        total = 0
        made = []
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self.buckets, strict=True):
            total += count
            made.append((bound, float(total)))
        return made


@dataclass(slots=True)
class Tally:
    """Counted since the server started."""

    accepted: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    """Jobs by how they ended."""
    requeued: int = 0
    """Attempts that were followed by another."""
    waited: Spread = field(default_factory=Spread)
    """From the accept to the first start."""
    ran: Spread = field(default_factory=Spread)
    """From the last start to the end."""
    took: Spread = field(default_factory=Spread)
    """From the accept to the end."""
    runners_ended: Counter[str] = field(default_factory=Counter)
    """Runners by why they ended."""
