"""Figures of this machine: how busy it is, and how full its memory."""

import os
from pathlib import Path

import msgspec

GIB = 1024**3


class SystemStats(msgspec.Struct, frozen=True, kw_only=True):
    """What NodeTool's pages show. There is no figure of a graphics card yet."""

    cpu_percent: float
    memory_total_gb: float
    memory_used_gb: float
    memory_percent: float
    vram_total_gb: float | None = None
    vram_used_gb: float | None = None
    vram_percent: float | None = None


class SystemUpdate(msgspec.Struct, frozen=True, kw_only=True, tag="system_stats", tag_field="type"):
    """The figures of one moment."""

    stats: SystemStats


class Machine:
    """Reads the figures where Linux shows them; elsewhere only those that Python knows."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._busy = self._all = 0

    def figures(self) -> SystemUpdate:
        """Return the figures of now; the processor's are of the time since the last call."""
        total, used = self._memory()
        return SystemUpdate(
            stats=SystemStats(
                cpu_percent=self._cpu(),
                memory_total_gb=round(total / GIB, 2),
                memory_used_gb=round(used / GIB, 2),
                memory_percent=round(100 * used / total, 1) if total else 0.0,
            )
        )

    def _cpu(self) -> float:
        try:
            text = (self._proc / "stat").read_text()
        except OSError:
            return round(min(100.0, 100 * os.getloadavg()[0] / (os.cpu_count() or 1)), 1)
        was_busy, was_all = self._busy, self._all
        self._busy, self._all = processor_time(text)
        passed = self._all - was_all
        return round(100 * (self._busy - was_busy) / passed, 1) if was_all and passed > 0 else 0.0

    def _memory(self) -> tuple[int, int]:
        try:
            return memory((self._proc / "meminfo").read_text())
        except OSError:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), 0


def processor_time(stat: str) -> tuple[int, int]:
    """Return the busy and the whole time of all processors, in ticks since the machine started."""
    ticks = [int(word) for word in stat.partition("\n")[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)  # the fourth is idle, the fifth waits for a disk


def memory(meminfo: str) -> tuple[int, int]:
    """Return the bytes of memory that there are, and those that cannot be had."""
    sizes = {line.partition(":")[0]: line.split()[1] for line in meminfo.splitlines() if ":" in line}
    total, available = (int(sizes.get(name, 0)) * 1024 for name in ("MemTotal", "MemAvailable"))
    return total, total - available
