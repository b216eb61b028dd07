"""A server that dies while it brings an older home up to date leaves it to the old program and to the new one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodetool.storage import connect, migrate
from nodetool.storage.sqlite import FILE
from tests.durability.board import Board, Fault
from tests.durability.trial import PLANTED, Trial

pytestmark = pytest.mark.timeout(180)

OLD_STEPS = {number: sql for number, sql in migrate.steps().items() if number < 3}
"""The migrations of an older program."""


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path, "--migration-faults", str(tmp_path / "board"), module=PLANTED)
    yield trial
    trial.abandon()


class OldHome:
    """The home of a server that is gone, as the old program would have left it."""

    def __init__(self, home: Path) -> None:
        self._file = home / FILE
        old = self._file.with_name("old")
        copy_to_old(self._file, old)
        for part in home.glob(f"{FILE}*"):
            part.unlink()
        old.rename(self._file)
        self.content = self.opened()

    def opened(self) -> tuple[list[str], int]:
        """Open it as the old program does, and return its tables and how many jobs it has.

        Raises:
            HomeTooNew: the old program cannot open it.
        """
        database = connect.to_write(self._file)
        try:
            migrate.migrate(database, OLD_STEPS)
            (jobs,) = database.execute("SELECT count(*) FROM jobs").fetchone()
            return tables_of(database), jobs
        finally:
            database.close()


def copy_to_old(file: Path, old: Path) -> None:
    """Copy what the old schema has room for."""
    database = connect.to_write(old)
    migrate.migrate(database, OLD_STEPS)
    database.execute("ATTACH ? AS new", (str(file),))
    for table in tables_of(database):
        columns = ", ".join(f'"{row[1]}"' for row in database.execute(f"PRAGMA main.table_info({table})"))
        if table != "meta":
            database.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
    database.close()


def tables_of(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return sorted(name for (name,) in rows)


CUTS = (
    Fault(point="migrate"),
    Fault(point="migrate", nth=3),
    Fault(point="commit"),
    Fault(point="migrate", nth=4, action="fail"),
)


def test_a_home_whose_migration_was_cut_short_is_as_before_and_opens_with_all_its_jobs(
    trial: Trial, tmp_path: Path
) -> None:
    board = Board(tmp_path / "board")
    crowd = trial.crowd()
    trial.hold(crowd)
    trial.kill_server()
    trial.cut_off(crowd)
    old = OldHome(trial.served.home)
    for cut in CUTS:
        board.order(cut)
        trial.served.launch()
        assert trial.dies() == (-9 if cut.action == "kill" else 1)
        assert board.fired() == [0]
        assert old.opened() == old.content

    board.order(Fault(point="migrate", nth=2, action="stall", seconds=1))
    trial.served.start()

    assert board.fired() == [0]
    assert trial.check() == []
    assert trial.close().violations == []
