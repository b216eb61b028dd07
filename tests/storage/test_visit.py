"""Somebody else may look into the database of a server that runs: a backup, or a person with a shell."""

import subprocess
import sys
from pathlib import Path

import pytest

from nodetool.storage.sqlite import FILE, Store, open_store
from tests.storage.helpers import accept

VISIT = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM jobs').fetchone()[0])"


def jobs_seen(home: Path) -> int:
    """Look from another process, which opens the database and leaves."""
    return int(subprocess.check_output([sys.executable, "-c", VISIT, str(home / FILE)]))


@pytest.mark.parametrize("again", [False, True], ids=["a new home", "a home that was there"])
async def test_a_visitor_sees_all_that_is_committed_and_takes_nothing_along(tmp_path: Path, again: bool) -> None:
    if again:
        await open_store(tmp_path, sync="normal").close()
    store: Store = open_store(tmp_path, sync="normal", checkpoint_s=60)
    for no in (1, 2, 3):
        await store.writer.append([accept(no)])
        assert jobs_seen(tmp_path) == no
    assert (tmp_path / f"{FILE}-wal").exists()
    await store.close()

    assert jobs_seen(tmp_path) == 3
