"""What goes wrong is told to whom it concerns, and to nobody else."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import Client
from tests.acceptance.conftest import ARGS
from tests.acceptance.processes import wait
from tests.graphs import graph, node, output, through
from tests.serving import Served, serving


def test_a_node_that_raises_tells_its_words_and_keeps_its_trace(client: Client, served: Served) -> None:
    client.save("secret", through("tests.Secret"))
    answer = client.run("secret")
    problem = answer.json()
    events = client.page(problem["job_id"])

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem["detail"]) == ("node_failed", "the vault is closed")
    assert problem["errors"] == [{"node_id": "node", "message": "the vault is closed"}]
    (update,) = [event for event in events.events if event.get("status") == "error"]
    assert (update["node_id"], update["error"]) == ("node", "the vault is closed")
    assert (events.last["status"], events.last["error"]) == ("failed", "the vault is closed")
    shown = answer.text + client.http.get(f"/api/jobs/{problem['job_id']}/events").text
    assert "_depths_of_the_node" not in shown
    assert "Traceback" not in shown
    (line,) = wait(lambda: lines_of(served, "node.failed", problem["job_id"]))
    assert (line["node_id"], line["node_type"]) == ("node", "tests.Secret")
    assert "in _depths_of_the_node" in line["exception"]
    assert wait(lambda: lines_of(served, "job.failed", problem["job_id"]))[0]["code"] == "node_failed"


def lines_of(served: Served, event: str, job_id: str) -> list[Any]:
    """Return what the log says of one kind about a job."""
    whole = [line for line in served.log.read_text().splitlines(True) if line.startswith("{") and line.endswith("}\n")]
    return [line for line in map(json.loads, whole) if line["event"] == event and line.get("job_id") == job_id]


def test_what_a_run_alone_prints_is_told_and_what_a_shared_one_prints_is_logged(
    client: Client, served: Served, tmp_path: Path
) -> None:
    client.save("print", through("tests.PrintInThread"))
    events = client.lines("print", text="hello there").events
    assert [event["content"] for event in events if event["type"] == "log_update"] == ["hello there"]

    client.save("shared", through("tests.Print"))
    client.save("gate", through("tests.Gate", path=str(tmp_path / "open")))
    gates = [client.start("gate") for _ in range(2)]
    wait(lambda: all(client.job(id)["last_seq"] > 3 for id in gates))
    events = client.lines("shared", text="whose is this").events
    (tmp_path / "open").touch()

    assert [event for event in events if event["type"] == "log_update"] == []
    wait(lambda: "whose is this" in served.log.read_text())


def test_a_result_over_the_limit_fails_the_run_naming_the_output(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NODETOOL_MAX_RESULT", "100000")
    with serving(home, *ARGS) as served:
        client = Client(served.url)
        client.save("large", through("tests.Pieces", count=3, size=50_000))
        answer = client.run("large")
        client.close()

    assert (answer.status_code, answer.json()["code"]) == (500, "result_too_large")
    assert answer.json()["errors"][0]["node_id"] == "out"


@pytest.fixture
def broken_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed pack that raises at import, before the server knows where it is."""
    site = tmp_path / "site"
    info = site / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nodetool.nodes]\nbroken = brokenpack.nodes\n")
    (site / "brokenpack").mkdir()
    (site / "brokenpack" / "__init__.py").write_text("raise RuntimeError('no luck today')")
    (site / "brokenpack" / "nodes.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    return site


def test_a_broken_pack_stops_neither_the_start_nor_the_others_and_no_node_is_imported_by_the_server(
    home: Path, tmp_path: Path, broken_site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "mine.py"
    broken.write_text("import no_such_module")
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with serving(home, *ARGS, "--nodes", str(broken)) as served:
        client = Client(served.url)
        client.save("fine", through("bench.nodes.Emit", count=2))
        assert client.run("fine", text="x").json() == {"out": ["x 0", "x 1"]}
        assert client.lines("fine").last["status"] == "completed"
        assert client.http.get("/api/nodes/metadata").status_code == 200
        missing = {"name": "m", "graph": graph([node("a", "mine.Node"), output()], "a.output -> out.value")}
        findings = client.http.post("/api/workflows/", json=missing).json()["findings"]
        client.close()
        log = served.log.read_text()

    assert [finding["code"] for finding in findings] == ["unknown_type"]
    assert "no luck today" in log
    assert "no_such_module" in log
    imported = set(re.findall(r"^import time: .*\| +(\S+)$", log, re.MULTILINE))
    assert {"nodetool.app", "nodetool.jobs.supervisor", "nodetool.runner.link"} <= imported
    for room in ("nodetool.engine", "nodetool.nodes", "nodetool.sdk", "brokenpack", "jinja2", "jsonschema"):
        assert not [name for name in imported if name == room or name.startswith(f"{room}.")]
    assert "nodetool.runner.worker" not in imported
