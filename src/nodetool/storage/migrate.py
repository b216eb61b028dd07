"""Bring the database of an older home to the schema of this program."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path

from nodetool.protocol.errors import HomeTooNew


def steps() -> Mapping[int, str]:
    """Return the SQL of each migration by the version it leads to: ``migrations/0001.sql`` and so on."""
    folder = Path(__file__).with_name("migrations")
    return {int(file.stem): file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.sql"))}


def migrate(connection: sqlite3.Connection, steps: Mapping[int, str]) -> None:
    """Run the steps that this database has not seen, all in one transaction.

    Raises:
        HomeTooNew: it has seen steps that this program does not know.
    """
    found, wanted = version(connection), max(steps)
    if found > wanted:
        raise HomeTooNew(
            f"A newer program wrote this home (schema {found}, this program knows {wanted}): use that or a later one."
        )
    if found < wanted:
        _run(connection, wanted, [sql for number, sql in sorted(steps.items()) if number > found])


def version(connection: sqlite3.Connection) -> int:
    """Return the last step that the database has seen, 0 if it is new."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return 0
    (number,) = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return int(number)


def _run(connection: sqlite3.Connection, wanted: int, steps: list[str]) -> None:
    try:
        # executescript commits what is open before it starts, so the transaction begins inside.
        connection.executescript("\n".join(["BEGIN IMMEDIATE;", *steps]))
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('schema_version', ?)", (wanted,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
