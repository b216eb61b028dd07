"""What nodes print: a line becomes a ``log_update`` of the run, where it is known which run it is."""

import io
from collections.abc import Callable
from typing import TextIO


class Prints(io.TextIOBase):
    """Stands in for ``sys.stdout``. Whole lines go to *say*; those it does not take go on to *behind*."""

    def __init__(self, say: Callable[[str], bool], behind: TextIO) -> None:
        self._say = say
        self._behind = behind
        self._rest = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line and not self._say(line):
                self._behind.write(line + "\n")
                self._behind.flush()
        return len(text)

    def fileno(self) -> int:
        return self._behind.fileno()
