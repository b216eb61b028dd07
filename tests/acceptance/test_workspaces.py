"""The files of runs in a real server: there while a run goes on, and gone however it ends."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.processes import wait
from tests.graphs import through
from tests.serving import Served, serving

PACK = Path(__file__).resolve().parents[1] / "pack.py"
JSON = {"Content-Type": "application/json"}


def ask(served: Served, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(f"{served.url}{path}", json.dumps(body).encode() if body else b"", JSON)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def run(then: str, text: str = "x") -> dict[str, Any]:
    return {"graph": through("tests.Keep", then=then), "params": {"text": text}}


def is_empty(folder: Path) -> bool:
    return not list(folder.glob("*"))


def test_a_workspace_goes_with_its_run(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = home / "workspaces"
    with serving(home, "--nodes", str(PACK)) as served:
        assert not folder.exists()  # nobody has asked for one

        ended = ask(served, "/api/jobs/run", run("end"))
        assert ended["out"].startswith(f"[] {folder}")
        assert ask(served, "/api/jobs/run", run("fail"))["code"] == "node_failed"
        wait(lambda: is_empty(folder))

        # The second attempt does not see what the first one has left.
        assert ask(served, "/api/jobs/run", run("die"))["out"].startswith("[] ")
        wait(lambda: is_empty(folder))

        job = urllib.request.Request(f"{served.url}/api/jobs/run", json.dumps(run("wait")).encode(), JSON)
        job.add_header("Prefer", "respond-async")
        with urllib.request.urlopen(job, timeout=10) as answer:
            id = json.load(answer)["job_id"]
        (kept,) = wait(lambda: list(folder.glob("*/kept.txt")))
        assert kept.parent.name == f"{id}.1"
        assert kept.parent.stat().st_mode & 0o777 == 0o700
        ask(served, f"/api/jobs/{id}/cancel")
        wait(lambda: is_empty(folder))


@pytest.mark.parametrize("left", ["0123.1", "old"])
def test_what_a_crash_has_left_is_swept_at_the_start(tmp_path: Path, left: str) -> None:
    folder = tmp_path / "home" / "workspaces"
    (folder / left).mkdir(parents=True)
    (folder / left / "kept.txt").write_text("x")

    with serving(tmp_path / "home"):
        wait(lambda: is_empty(folder))
