"""Disks that are full and databases that somebody else has locked: requests are refused, jobs wait, and all heals."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from nodetool.storage.connect import BUSY_S
from nodetool.storage.sqlite import FILE
from tests.acceptance.processes import wait
from tests.durability.crowd import Crowd, Sight
from tests.durability.trial import PLANTED, PLENTY, Trial

pytestmark = pytest.mark.timeout(180)

MIB = 1 << 20


# A disk that is full.


def refused(crowd: Crowd, code: str) -> int:
    return sum(refusal.code == code for refusal in list(crowd.refusals))


def seen(crowd: Crowd, workflow: str) -> list[Sight]:
    return [sight for sight in crowd.sights if sight.workflow == workflow]


def is_stuck(crowd: Crowd, trek: Sight) -> bool:
    """Tell whether nothing is stored any more: a job tells nothing, while other clients are answered."""
    lines, refusals = len(trek.lines), refused(crowd, "storage_full")
    time.sleep(1.5)
    return len(trek.lines) == lines and refused(crowd, "storage_full") > refusals + 10


class SmallDisk:
    """A small disk with everything on it, the log of the server too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(self.folder)]
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
        self.trial = Trial(self.folder)
        self._filler = self.folder / "filler"

    def fill(self) -> None:
        """Take all the room that there is, also what is left of the last block of the log."""
        for file, piece in (
            (self._filler, b"\0" * MIB),
            (self._filler, b"\0" * 512),
            (self.trial.served.log, b"\n"),
        ):
            with suppress(OSError), file.open("ab", buffering=0) as out:
                while out.write(piece):
                    pass

    def make_room(self) -> None:
        self._filler.unlink()

    def close(self) -> None:
        self.trial.abandon()
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class SmallDatabase:
    """A database that may not grow, which needs no disk of one's own."""

    def __init__(self, folder: Path) -> None:
        self._full = folder / "full"
        self.trial = Trial(folder, "--full", str(self._full), module=PLANTED)

    def fill(self) -> None:
        self._full.touch()

    def make_room(self) -> None:
        self._full.unlink()

    def close(self) -> None:
        self.trial.abandon()


@pytest.fixture(params=[SmallDisk, SmallDatabase])
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SmallDisk | SmallDatabase]:
    disk = request.param(tmp_path)
    yield disk
    disk.close()


def test_a_full_disk_refuses_requests_and_keeps_jobs_until_there_is_room(disk: SmallDisk | SmallDatabase) -> None:
    trial = disk.trial
    crowd = trial.busy()
    held = trial.hold(crowd)
    crowd.come(lambda: crowd.stream("trek"), again=False)
    wait(lambda: seen(crowd, "trek"), PLENTY)
    (trek,) = seen(crowd, "trek")
    disk.fill()
    wait(lambda: is_stuck(crowd, trek), PLENTY)
    trial.gate.touch()
    time.sleep(1)
    with trial.client() as client:
        assert {client.job(sight.job_id)["status"] for sight in held} == {"running"}
        assert client.http.get("/health").status_code == 200
    disk.make_room()
    told = len(trek.lines)
    wait(lambda: len(trek.lines) > told, PLENTY)
    trial.let_go(crowd)

    assert trial.check() == []
    assert crowd.cuts == 0
    assert {refusal.code for refusal in trial.refusals} <= {"storage_full", "storage_failed"}
    assert {refusal.status for refusal in trial.refusals} <= {507, 503, 0}
    audit = trial.close()
    assert audit.violations == []
    assert audit.texts.isdisjoint(refusal.text for refusal in trial.refusals)


# A database that somebody else has locked.


LOCK = """
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
"""


@contextmanager
def locked(home: Path, seconds: float) -> Iterator[None]:
    """Have another process keep the database locked, and wait until it has ended."""
    command = [sys.executable, "-c", LOCK, str(home / FILE), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"locked\n"
        yield
        other.wait()


def test_a_database_that_is_locked_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    try:
        crowd = trial.busy()
        with locked(trial.served.home, 3):
            before = len(crowd.sights)
        wait(lambda: len(crowd.sights) > before + 10, PLENTY)
        trial.let_go(crowd)

        assert trial.check() == []
        assert (crowd.cuts, trial.refusals) == (0, [])
    finally:
        trial.abandon()


def test_a_database_that_is_locked_for_long_refuses_requests_and_keeps_jobs(tmp_path: Path, scale: int) -> None:
    seconds, busy_ms = (30.0, round(BUSY_S * 1000)) if scale >= 100 else (2.0, 300)
    trial = Trial(tmp_path, "--busy-ms", str(busy_ms), module=PLANTED)
    try:
        crowd = trial.busy()
        trial.hold(crowd)
        with locked(trial.served.home, seconds):
            wait(lambda: crowd.refusals, PLENTY)
            trial.gate.touch()
        trial.let_go(crowd)
        print(f"\nlocked for {seconds:g} s, waiting {busy_ms} ms: {len(trial.refusals)} requests refused")

        assert trial.check() == []
        assert crowd.cuts == 0
        assert {refusal.code for refusal in trial.refusals} == {"storage_failed"}
        assert {refusal.status for refusal in trial.refusals} <= {503, 0}
        assert trial.close().violations == []
    finally:
        trial.abandon()
