"""The page about the client: its code runs, and prints what the page says."""

import inspect
from pathlib import Path

import pytest

from nodetool import client
from tests.docs.markdown import Block, blocks, table
from tests.docs.scripts import run_python
from tests.serving import Served

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "python-client.md"


@pytest.mark.parametrize("block", blocks(PAGE), ids=lambda block: block.name)
def test_a_block_prints_what_the_page_says(block: Block, server: Served, tmp_path: Path) -> None:
    printed = run_python(block.code.replace("localhost:8000", f"localhost:{server.port}"), tmp_path)

    assert (printed.code, printed.err) == (0, "")
    assert printed.out
    if block.printed:
        assert printed.out == block.printed.code


def test_every_call_is_in_the_table() -> None:
    told = " ".join(row[0] for row in table(PAGE, "Python client"))
    calls = {name for name, _ in inspect.getmembers(client.Client, inspect.isfunction) if not name.startswith("_")}

    assert {call for call in calls - {"close", "connect"} if f"{call}(" not in told} == set()


def test_every_error_is_in_the_table() -> None:
    told = " ".join(row[0] for row in table(PAGE, "What goes wrong"))
    errors = {name for name in client.__all__ if issubclass(getattr(client, name), client.ClientError)}

    assert {error for error in errors - {"ClientError"} if f"`{error}`" not in told} == set()
