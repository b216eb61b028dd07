"""What a process costs, as Linux counts it: CPU time and memory."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """Of a server, and of the processes below it together: its runners."""

    server: float
    runners: float

    def since(self, earlier: "Cost") -> "Cost":
        return Cost(self.server - earlier.server, self.runners - earlier.runners)


def cpu_seconds(pid: int) -> Cost:
    """Return what was spent so far, by user and kernel, in steps of a hundredth; also by runners that have ended."""
    return Cost(_cpu(pid), sum(map(_cpu, below(pid))) + _cpu(pid, ended=True))


def memory_mb(pid: int) -> Cost:
    """Return what is resident, shared pages included."""
    return Cost(_resident(pid), sum(map(_resident, below(pid))))


def below(pid: int) -> list[int]:
    """Return the children of a process, and theirs."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
    ]
    return children + [grandchild for child in children for grandchild in below(child)]


def _cpu(pid: int, *, ended: bool = False) -> float:
    """Return what a process spent, or its children that have *ended* and were waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = fields[13:15] if ended else fields[11:13]
    return (int(user) + int(system)) / TICKS


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(_kilobytes(line for line in lines if line.startswith("VmRSS:"))) / 1024


def _kilobytes(lines: Iterable[str]) -> list[int]:
    return [int(line.split()[1]) for line in lines]
