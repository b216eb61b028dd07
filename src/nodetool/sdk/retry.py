"""How often a node tries what may go better another time."""

import msgspec

from nodetool.sdk.http import HttpFailed


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """A firing that raises one of *on* is tried again, as long as it has sent nothing.

    The pause before the second try is *pause* seconds, before each further one *factor* times as long, *most* at most.
    Up to the share *jitter* of it is left out at random, so that many which fail together do not come again together.
    """

    attempts: int = 3
    """Tries in all."""
    pause: float = 0.5
    factor: float = 2.0
    most: float = 30.0
    jitter: float = 0.5
    on: tuple[type[Exception], ...] = (ConnectionError, TimeoutError, HttpFailed)

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.pause < 0 or self.factor < 1 or self.most < 0 or not 0 <= self.jitter <= 1:
            raise ValueError("attempts and factor are at least 1, pause and most at least 0, and jitter is from 0 to 1")

    def seconds(self, tried: int, chance: float) -> float:
        """Return how long to wait after so many tries. *chance* is a random number from 0 to 1."""
        longest: float = min(self.pause * self.factor ** (tried - 1), self.most)
        return longest * (1 - self.jitter * chance)
