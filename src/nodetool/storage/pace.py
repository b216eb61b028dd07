"""Where the next transaction runs: in the loop, or on a thread. Pure: it is told how long commits took.

On a thread a transaction costs two changes of threads more, a tenth of a millisecond; in the loop it keeps everybody
waiting for the disk. So it depends on the disk, and only commits tell how fast that is.
"""

SLOW = 0.0005
"""Seconds of a commit from which on the loop should not wait for it."""

WEIGHT = 0.25
"""How much the last commit counts in their average: a single slow one among quick ones is no slow disk."""

FIRST, MOST = 64, 4096
"""Transactions that go to the thread until the disk is tried again: doubled each time it still is slow."""


class Pace:
    """Counts transactions; the loop is where they run until the disk shows to be slow."""

    def __init__(self) -> None:
        self._average = 0.0
        self._away = 0
        self._turns = FIRST

    def stays(self) -> bool:
        """Say of the next transaction whether it runs in the loop."""
        if self._away:
            self._away -= 1
            return False
        return True

    def took(self, seconds: float) -> None:
        """Take notice of a commit in the loop."""
        self._average += (seconds - self._average) * WEIGHT
        if self._average > SLOW:
            self._away, self._turns = self._turns, min(self._turns * 2, MOST)
            self._average = SLOW / 2
        else:
            self._turns = FIRST
