"""The guide: each of its blocks of code, run against a real server, prints what the guide says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs.markdown import Block, blocks
from tests.docs.scripts import Printed, run_bash, run_javascript, run_python
from tests.serving import Served

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCKS = blocks(ROOT / "docs" / "workflow-api.md")
STORING, RUNNING = BLOCKS[:2], BLOCKS[2:]
"""The guide begins with what stores its workflows."""

MASKS = {r"\b[0-9a-f]{32}\b": "ID", r"Unprocessable (Entity|Content)": "Unprocessable"}
"""Ids differ from run to run, and the phrase of a status from one Python to the next."""


def code_of(block: Block, server: Served) -> str:
    return block.code.replace("localhost:8000", f"localhost:{server.port}")


@pytest.fixture(scope="session")
def guide(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The server, with the workflows that the guide stores."""
    for block in STORING:
        stored = run_bash(code_of(block, server), tmp_path_factory.mktemp("storing"))
        assert stored.json["findings"] == []
    return server


@pytest.fixture
def job_id(guide: Served, api: httpx.Client) -> Iterator[str]:
    """A job that runs."""
    id = api.post("/api/workflows/slow-progress/jobs", json={"params": {"seconds": 0.2}}).json()["job_id"]
    yield id
    api.post(f"/api/jobs/{id}/cancel")


@pytest.mark.parametrize("block", RUNNING, ids=lambda block: block.name)
def test_a_block_prints_what_the_guide_says(
    block: Block, guide: Served, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    code = code_of(block, guide)
    if "<job_id>" in code:
        code = code.replace("<job_id>", request.getfixturevalue("job_id"))

    printed = run(block.language, code, request, tmp_path)

    assert printed.code == 0, printed.err
    assert printed.out
    if block.printed:
        check(block.printed, printed)


def run(language: str, code: str, request: pytest.FixtureRequest, folder: Path) -> Printed:
    match language:
        case "bash":
            return run_bash(code, folder)
        case "python":
            return run_python(code, folder)
        case _:
            return run_javascript(request.getfixturevalue("node"), code, folder)


def check(expected: Block, printed: Printed) -> None:
    said, out = masked(expected.code), masked(printed.out)
    match expected.language:
        case "json":
            assert json.loads(out) == json.loads(said)
        case "http":
            assert set(said.splitlines()) <= set(out.splitlines())
        case _:
            assert [line.rstrip() for line in out.splitlines()] == said.splitlines()


def masked(text: str) -> str:
    for pattern, mask in MASKS.items():
        text = re.sub(pattern, mask, text)
    return text


def test_the_guide_has_its_sections(root: Path) -> None:
    text = (root / "docs" / "workflow-api.md").read_text()
    wanted: Any = ["Loading Workflows", "Running a Workflow", "HTTP API", "Streaming API", "WebSocket API", "API Demo"]

    assert text.startswith("# Workflow API Guide\n")
    assert [heading for heading in re.findall(r"^##+ (.+)$", text, re.MULTILINE) if heading in wanted] == wanted
