"""Time, for those who decide: it arrives as an argument, so that a test may be the one that lets it pass."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is still to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What time it is, and when to be called again."""

    def now_us(self) -> int:
        """Return the moment in microseconds since 1970, for what is stored. It may jump, also back."""
        ...

    def later(self, seconds: float, then: Callable[..., object], *given: object) -> Timer:
        """Call *then* with what is *given* after some seconds, which do not jump."""
        ...


class LoopClock:
    """The machine's clock, and the timers of the running loop."""

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def later(self, seconds: float, then: Callable[..., object], *given: object) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, then, *given)
