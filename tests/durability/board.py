"""Where a test tells a server in another process what is to go wrong in it, and the server tells that it has."""

import os
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Literal

import msgspec

Action = Literal["kill", "fail", "full", "stall"]
Side = Literal["before", "after"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that goes wrong once, at one point."""

    point: str
    """``accept``, ``store``, ``end`` … as ``faulty.points_of`` names what the writer is asked to do."""
    side: Side = "before"
    """Before it is done; or once it is done, and before anybody hears of it."""
    nth: int = 1
    """At which occurrence."""
    action: Action = "kill"
    seconds: float = 0.0
    """How long it lasts; 0 is once."""

    def __str__(self) -> str:
        lasting = f" for {self.seconds:g} s" if self.seconds else ""
        return f"{self.action} {self.side} {self.point}{lasting}"


_faults = msgspec.json.Decoder(list[Fault])


class Board:
    """A folder that both processes know."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._orders = folder / "orders.json"
        self._fired = folder / "fired"
        self._waiting: list[tuple[int, Fault]] = []
        self._seen: dict[int, int] = {}
        self._read_ns = 0

    # For the test.

    def order(self, *faults: Fault) -> None:
        """Let these go wrong from now on, and nothing else."""
        self._fired.unlink(missing_ok=True)
        fresh = self._orders.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(faults))
        fresh.rename(self._orders)

    def fired(self) -> list[int]:
        """Return which of the faults have happened, by their places in the order."""
        return [int(line) for line in self._fired.read_text().split()] if self._fired.exists() else []

    # For the server.

    def due(self, side: Side, points: AbstractSet[str]) -> Fault | None:
        """Return the fault that is due at one of these points, if there is one; from then on it has happened."""
        self._look()
        for place, (number, fault) in enumerate(self._waiting):
            if fault.side != side or fault.point not in points:
                continue
            self._seen[number] = self._seen.get(number, 0) + 1
            if self._seen[number] == fault.nth:
                del self._waiting[place]
                self._tell(number)
                return fault
        return None

    def _look(self) -> None:
        """Read the order, if it is a new one. A server that starts again leaves out what has happened before."""
        try:
            written_ns = self._orders.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if written_ns != self._read_ns:
            self._read_ns = written_ns
            self._seen.clear()
            done = self.fired()
            faults = enumerate(_faults.decode(self._orders.read_bytes()))
            self._waiting = [(number, fault) for number, fault in faults if number not in done]

    def _tell(self, number: int) -> None:
        fd = os.open(self._fired, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(fd, b"%d\n" % number)
        os.close(fd)
