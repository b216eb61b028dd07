"""What nodes print: a line becomes a ``log_update`` of the run, where it is known which run it is."""

import io
import threading
from collections.abc import Callable
from typing import Generic, TextIO, TypeVar

Run = TypeVar("Run")

MAX_LINE = 64 * 1024
"""Characters of a line; a longer one comes in pieces."""


class Prints(io.TextIOBase, Generic[Run]):
    """Stands in for ``sys.stdout``: lines of the only run, as *whose* tells it, go to *say*, others on to *behind*.

    Written to by any thread. What a run leaves without a newline does not become the beginning of another run's line.
    """

    def __init__(self, whose: Callable[[], Run | None], say: Callable[[Run, str], None], behind: TextIO) -> None:
        self._whose = whose
        self._say = say
        self._behind = behind
        self._rest = ""
        self._run: Run | None = None
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with self._lock:
            run = self._whose()
            if run is not self._run:
                self._put(None, self._rest)
                self._run, self._rest = run, ""
            *lines, self._rest = (self._rest + text).split("\n")
            for line in lines:
                self._put(run, line)
            if len(self._rest) >= MAX_LINE:
                self._put(run, self._rest)
                self._rest = ""
        return len(text)

    def fileno(self) -> int:
        return self._behind.fileno()

    def _put(self, run: Run | None, line: str) -> None:
        line = line.encode(errors="replace").decode()  # halves of characters cannot be sent
        for begin in range(0, len(line), MAX_LINE):
            piece = line[begin : begin + MAX_LINE]
            if run is None:
                self._behind.write(piece + "\n")
                self._behind.flush()
            else:
                self._say(run, piece)
