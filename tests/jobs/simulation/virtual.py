"""An event loop in which time is a number: where a real one would wait, this one goes on at once."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class Leap(selectors.SelectSelector):
    """Asked to wait, it sets the time forward. *turned* is called each time round."""

    def __init__(self, now: float, turned: Callable[[], None]) -> None:
        super().__init__()
        self.now = now
        self._turned = turned

    def select(self, timeout: float | None = None) -> list[Any]:
        self._turned()
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Callbacks run in asyncio's own order; threads are played: what they do takes *lag* seconds, twice."""

    def __init__(self, now: float, *, turned: Callable[[], None], lag: Callable[[], float]) -> None:
        self._leap = Leap(now, turned)
        self._lag = lag
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.now

    def stand_still(self, seconds: float) -> None:
        """Let time pass in which nothing happens, as when the process is stopped."""
        self._leap.now += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        """What a thread would do is done a moment later."""
        future: asyncio.Future[Any] = self.create_future()
        self.call_later(self._lag(), self._work, future, func, args)
        return future

    def _work(self, future: "asyncio.Future[Any]", func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            result = func(*args)
        except Exception as error:  # noqa: BLE001 - whoever awaits it is told, as by a thread
            self.call_later(self._lag(), _settle, future, None, error)
        else:
            self.call_later(self._lag(), _settle, future, result, None)


def _settle(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    if future.done():
        return
    if error:
        future.set_exception(error)
    else:
        future.set_result(result)
