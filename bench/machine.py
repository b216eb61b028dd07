"""Where the figures come from: without it, no figure means anything."""

import os
import platform
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from time import perf_counter

SYNCS = 200


def described() -> str:
    """Return one line about the processor, the disk and the interpreter."""
    return (
        f"{os.cpu_count()} cores ({processor()}), Python {platform.python_version()}, "
        f"an fsync of 4 KiB takes {fsync_us():.0f} µs, load before the start {os.getloadavg()[0]:.1f}"
    )


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def fsync_us() -> float:
    """Return the median microseconds of an fsync, where the homes that are measured lie too."""
    took = []
    with TemporaryFile(buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            began = perf_counter()
            os.fsync(file.fileno())
            took.append(perf_counter() - began)
    return median(took) * 1e6
