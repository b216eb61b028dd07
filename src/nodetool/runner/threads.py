"""Threads that do not keep the process alive: where no process can be killed, they are left behind at its end."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, InvalidStateError
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Task = tuple["Future[Any]", Callable[[], Any]]


class LeftBehind(Exception):
    """Nobody waits for this thread any more."""


class DaemonThreads(Executor):
    """At most *most* threads, each made when it is needed. The standard pool would be waited for at exit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._at_work: set[Future[Any]] = set()
        self._threads = 0
        self._idle = threading.Semaphore(0)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Run *fn* in a thread. Called by one thread only."""
        future: Future[T] = Future()
        self._tasks.put((future, lambda: fn(*args, **kwargs)))
        if not self._idle.acquire(blocking=False) and self._threads < self._most:
            self._threads += 1
            threading.Thread(target=self._work, name="nodetool-node", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - Executor's signature
        """Let idle threads end, and whoever waits for the others go on."""
        for future in list(self._at_work):
            with suppress(InvalidStateError):
                future.set_exception(LeftBehind())
        for _ in range(self._threads):
            self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._next()) is not None:
            future, call = task
            if future.set_running_or_notify_cancel():
                self._at_work.add(future)
                with suppress(InvalidStateError):  # it was left behind
                    _settle(future, call)
                self._at_work.discard(future)

    def _next(self) -> Task | None:
        try:
            return self._tasks.get_nowait()
        except Empty:
            self._idle.release()
            return self._tasks.get()


def _settle(future: "Future[Any]", call: Callable[[], Any]) -> None:
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
        future.set_exception(error)
    else:
        future.set_result(result)
