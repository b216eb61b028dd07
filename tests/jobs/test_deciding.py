"""What decides about jobs has no clock, task or socket in it: others act, and a simulation may take their place."""

import ast
from pathlib import Path

import pytest

DECIDES = (
    "blame",
    "credit",
    "dispatcher",
    "ending",
    "policy",
    "runners",
    "supervisor",
    "tally",
    "watch",
    "watchdog",
)
OUTSIDE = {"datetime", "os", "random", "select", "socket", "subprocess", "threading", "time"}


@pytest.mark.parametrize("name", DECIDES)
def test_what_decides_has_no_clock_task_or_socket(root: Path, name: str) -> None:
    parts = list(ast.walk(ast.parse((root / "src" / "nodetool" / "jobs" / f"{name}.py").read_text())))
    imported = {alias.name for part in parts if isinstance(part, ast.Import) for alias in part.names}
    imported |= {str(part.module) for part in parts if isinstance(part, ast.ImportFrom)}
    of_asyncio = {
        part.attr
        for part in parts
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "asyncio"
    }

    assert imported & OUTSIDE == set()
    assert of_asyncio <= {"Event", "Future"}, "what tells others, and nothing that runs"
    assert not [part for part in parts if isinstance(part, ast.AsyncFunctionDef | ast.Await)]
