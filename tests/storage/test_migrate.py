"""An older home is brought up to date at start, a newer one is refused."""

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodetool.protocol.errors import HomeTooNew, StorageFailed
from nodetool.storage import connect, migrate
from nodetool.storage.port import Done
from nodetool.storage.sqlite import FILE, open_store
from tests.storage.helpers import accept, job_id


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = connect.to_write(tmp_path / FILE)
    yield opened
    opened.close()


def schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Every table and index by name, comments and spacing aside."""
    rows = connection.execute("SELECT name, sql FROM sqlite_master").fetchall()
    return {name: re.sub(r"\s*([(),])\s*", r"\1", " ".join((sql or "").split())) for name, sql in rows}


def test_the_migrations_lead_to_the_schema(connection: sqlite3.Connection) -> None:
    migrate.migrate(connection, migrate.steps())
    whole = sqlite3.connect(":memory:")
    whole.executescript(Path(migrate.__file__).with_name("schema.sql").read_text())
    expected = schema(whole)
    whole.close()

    assert schema(connection) == expected


def test_migrations_are_numbered_without_gaps() -> None:
    assert list(migrate.steps()) == list(range(1, len(migrate.steps()) + 1))


def test_a_current_home_is_left_alone(connection: sqlite3.Connection) -> None:
    migrate.migrate(connection, migrate.steps())
    seen: list[str] = []
    connection.set_trace_callback(seen.append)

    migrate.migrate(connection, migrate.steps())

    assert [text for text in seen if not text.startswith("SELECT")] == []


def test_an_older_home_sees_only_the_steps_that_it_misses(connection: sqlite3.Connection) -> None:
    steps = {1: "CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL); CREATE TABLE a (x);"}
    migrate.migrate(connection, steps)
    connection.execute("INSERT INTO a VALUES (7)")

    migrate.migrate(connection, steps | {2: "ALTER TABLE a ADD COLUMN y;", 3: "CREATE TABLE b (x);"})

    assert migrate.version(connection) == 3
    assert connection.execute("SELECT x, y FROM a").fetchall() == [(7, None)]


def test_a_step_that_fails_leaves_the_home_as_it_was(connection: sqlite3.Connection) -> None:
    migrate.migrate(connection, migrate.steps())
    before = schema(connection)
    next_one = max(migrate.steps()) + 1

    with pytest.raises(sqlite3.OperationalError):
        migrate.migrate(connection, dict(migrate.steps()) | {next_one: "CREATE TABLE b (x); SELECT nonsense;"})

    assert not connection.in_transaction
    assert schema(connection) == before
    assert migrate.version(connection) == next_one - 1


async def test_a_newer_home_is_refused_with_a_sentence(tmp_path: Path) -> None:
    store = open_store(tmp_path, sync="normal")
    await store.writer.append([accept(1)])
    await store.close()
    newer = connect.to_write(tmp_path / FILE)
    newer.execute("UPDATE meta SET value = 999 WHERE key = 'schema_version'")
    newer.close()

    with pytest.raises(HomeTooNew, match="schema 999"):
        open_store(tmp_path, sync="normal")


def test_what_is_no_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"a diary\n" * 1000)

    with pytest.raises(StorageFailed, match="cannot be opened: file is not a database"):
        open_store(tmp_path, sync="normal")


async def test_a_home_is_opened_again_with_what_it_held(tmp_path: Path) -> None:
    for no in (1, 2):
        store = open_store(tmp_path, sync="full")
        assert await store.writer.append([accept(no)]) == [Done()]
        assert await store.reader.job(job_id(1)) is not None
        await store.close()


def test_a_database_is_for_its_owner_alone(connection: sqlite3.Connection, tmp_path: Path) -> None:
    migrate.migrate(connection, migrate.steps())

    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob(f"{FILE}*")} == {0o600}


def test_a_new_database_has_large_pages_and_a_log(connection: sqlite3.Connection) -> None:
    migrate.migrate(connection, migrate.steps())

    assert connection.execute("PRAGMA page_size").fetchone() == (8192,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
