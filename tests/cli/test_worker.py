"""``nodetool worker``, ``nodetool deploy`` and ``nodetool token``, against real servers."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result
from websockets.sync.client import connect

from nodetool.cli import source
from nodetool.cli.command import cli
from nodetool.cli.exits import exit_of
from nodetool.protocol.codec import to_json
from nodetool.protocol.errors import NodetoolError
from tests.cli.command import CSV_REPORT, nodetool
from tests.serving import WORKER, Served, serving

NO_RATES = ("--user-rate", "0", "--address-rate", "0")


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A worker that was started bare, but for the address and the rates: these tests are quicker than people."""
    home = tmp_path_factory.mktemp("worker") / "home"
    with serving(home, "--host", "127.0.0.1", "--examples", *NO_RATES, module=WORKER) as served:
        yield served


def token_of(worker: Served) -> str:
    found = re.search(r"^worker_auth_token: (\S+)$", (worker.home / "deployment.yaml").read_text(), re.MULTILINE)
    assert found
    return found[1]


@pytest.fixture
def http(worker: Served) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token_of(worker)}"}
    with httpx.Client(base_url=worker.url, headers=headers, timeout=10, trust_env=False, verify=False) as client:
        yield client


def test_a_bare_worker_makes_a_token_and_shows_it_once(worker: Served) -> None:
    said = worker.log.read_text()

    assert said.count(token_of(worker)) == 1
    assert re.search(rf"^  token +{token_of(worker)}$", said, re.MULTILINE)
    assert (worker.home / "deployment.yaml").stat().st_mode & 0o777 == 0o600


def test_a_worker_lets_nobody_in_without_a_token(worker: Served, http: httpx.Client) -> None:
    for path in ("/workflows", "/jobs", "/tokens", "/metrics", "/openapi.json", "/nothing", "/api/workflows/"):
        assert httpx.get(worker.url + path, trust_env=False, verify=False).status_code == 401
    for path in ("/health", "/ping", "/ready", "/"):
        assert httpx.get(worker.url + path, trust_env=False, verify=False).status_code == 200
    assert http.get("/workflows").status_code == 200
    assert http.get("/api/workflows/").status_code == 404


def test_a_worker_takes_the_envelope_or_the_bare_params(http: httpx.Client) -> None:
    for body in ({"params": {"melts_above": 3000}}, {"melts_above": 3000}):
        assert http.post("/workflows/csv-report/run", json=body).json()["report"].startswith("1 of 46")


def test_a_worker_answers_in_every_way(worker: Served, http: httpx.Client) -> None:
    lines = http.post("/workflows/csv-report/run?stream=true").text.splitlines()
    events = http.post("/workflows/csv-report/run/stream").text
    later = http.post("/workflows/csv-report/jobs")
    with connect(f"{worker.url.replace('http', 'ws')}/predict?token={token_of(worker)}", proxy=None) as socket:
        socket.send(json.dumps({"command": "set_mode", "data": {"mode": "text"}}))
        socket.send(json.dumps({"command": "run_job", "data": {"workflow_id": "csv-report"}}))
        assert "Mode set" in socket.recv(5)
        assert json.loads(socket.recv(5))["message"] == "Job started"

    assert json.loads(lines[-1])["status"] == "completed"
    assert events.endswith("data: [DONE]\n\n")
    assert (later.status_code, later.headers["location"]) == (202, f"/jobs/{later.json()['job_id']}")


def test_a_worker_runs_stored_workflows_only(worker: Served, http: httpx.Client) -> None:
    graph: dict[str, Any] = {"nodes": [], "edges": []}
    with connect(f"{worker.url.replace('http', 'ws')}/predict?token={token_of(worker)}", proxy=None) as socket:
        socket.send(json.dumps({"command": "set_mode", "data": {"mode": "text"}}))
        socket.send(json.dumps({"command": "run_job", "data": {"graph": graph}}))
        socket.recv(5)
        reply = json.loads(socket.recv(5))

    assert reply["code"] == "invalid_request"
    assert "--allow-graphs" in reply["error"]
    assert http.post("/jobs/run", json={"graph": graph}).status_code in {404, 405}


def test_what_was_done_is_in_the_log_and_no_token_is(worker: Served, http: httpx.Client) -> None:
    job = http.post("/workflows/csv-report/run").headers["nodetool-job-id"]
    made = http.post("/tokens", json={"name": "audited"}).json()
    http.delete(f"/tokens/{made['id']}")

    lines = [json.loads(line) for line in worker.log.read_text().splitlines() if '"audit"' in line]
    (ran,) = [line for line in lines if line["job_id"] == job]
    assert (ran["user"], ran["token"], ran["address"], ran["action"]) == ("1", "static", "127.0.0.1", "job.run")
    assert ran["id"] == "csv-report"
    assert [line["action"] for line in lines if line["id"] == made["id"]] == ["token.create", "token.revoke"]
    assert made["token"] not in worker.log.read_text()


def test_the_next_start_knows_the_token_and_does_not_show_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "deployment.yaml").write_text("worker_auth_token: of-the-operator\n")
    with serving(home, "--host", "127.0.0.1", module=WORKER) as served:
        asked = httpx.get(
            f"{served.url}/workflows",
            headers={"Authorization": "Bearer of-the-operator"},
            trust_env=False,
            verify=False,
        )
        assert asked.status_code == 200
    assert "of-the-operator" not in served.log.read_text()
    assert "deployment.yaml" in served.log.read_text()


# Tokens.


def status(worker: Served, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{worker.url}/workflows", headers=headers, trust_env=False, verify=False).status_code


def token_command(home: Path, *args: str) -> Result:
    """Give a command in this process: a server may run on the home, or none."""
    return CliRunner().invoke(cli, ["token", *args, "--home", str(home)])


def test_a_token_made_beside_a_running_server_works_there_until_it_is_revoked(worker: Served) -> None:
    token = nodetool("token", "create", "beside", "--scope", "read", "--days", "2", home=worker.home).out.strip()
    assert status(worker, token) == 200

    assert "beside" in token_command(worker.home, "list").output
    revoked = token_command(worker.home, "revoke", token[:9])

    assert (revoked.exit_code, revoked.output) == (0, f"revoked {token[:9]} (beside)\n")
    until = time.monotonic() + 10
    while status(worker, token) != 401:
        assert time.monotonic() < until


def test_many_commands_beside_a_server_that_is_busy_lose_nothing(worker: Served, http: httpx.Client) -> None:
    def make(number: int) -> str:
        for _ in range(5):
            assert http.post("/workflows/csv-report/run").status_code == 200
        made: dict[str, str] = json.loads(token_command(worker.home, "create", f"busy-{number}", "--json").output)
        return made["id"]

    with ThreadPoolExecutor(4) as pool:
        runs = pool.map(lambda _: http.post("/workflows/csv-report/run").status_code, range(40))
        ids = [make(number) for number in range(5)]
        assert set(runs) == {200}

    assert set(ids) <= {token["id"] for token in http.get("/tokens").json()["tokens"]}


def test_a_token_needs_no_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = json.loads(token_command(home, "create", "before", "--workflow", "wf", "--json").output)

    assert json.loads(token_command(home, "list", "--json").output)["tokens"][0]["id"] == made["id"]
    assert made["workflow_id"] == "wf"
    assert token_command(home, "revoke", made["id"]).exit_code == 0
    assert json.loads(token_command(home, "list", "--json").output)["tokens"] == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["create", "x", "--scope", "fly"], "scopes: expected some of admin, read, run, write"),
        (["create", ""], "name: expected 1 to 256 printable characters"),
        (["create", "a\x1b[2J"], "name: expected 1 to 256 printable characters"),
        (["revoke", "nothing"], "no token 'nothing'"),
    ],
    ids=["scope", "no name", "escapes", "unknown"],
)
def test_a_token_that_cannot_be_is_told(worker: Served, args: list[str], sentence: str) -> None:
    assert str(token_command(worker.home, *args).exception) == sentence


def test_a_worker_that_is_asked_as_the_editor_api_says_how_to_ask(worker: Served, tmp_path: Path) -> None:
    asked = ("jobs", "list", "--url", worker.url, "--token", token_of(worker))

    wrong, right = nodetool(*asked, home=tmp_path), nodetool(*asked, "--prefix", "", home=tmp_path)

    assert wrong.code == 1
    assert "no route '/api/jobs': the prefix of a worker is --prefix \"\"" in wrong.err
    assert right.code == 0


# Deploying.


def test_a_file_is_deployed_under_its_name_or_another(worker: Served, http: httpx.Client, tmp_path: Path) -> None:
    first = nodetool("deploy", worker.url, CSV_REPORT, "--token", token_of(worker), "--id", "mine", home=tmp_path)
    again = nodetool("deploy", worker.url, CSV_REPORT, "--token", token_of(worker), home=tmp_path)

    assert (first.code, first.out) == (0, f"deployed mine (Elements report) to {worker.url}\n")
    assert again.code == 0
    assert http.get("/workflows/mine").json()["name"] == "Elements report"
    assert http.post("/workflows/mine/run", json={}).status_code == 200


def test_a_stored_workflow_is_deployed_also_while_a_server_has_its_home(worker: Served, http: httpx.Client) -> None:
    done = nodetool("deploy", worker.url, "csv-report", "--id", "copy", "--token", token_of(worker), home=worker.home)

    assert done.code == 0
    assert http.get("/workflows/copy").json()["graph"] == http.get("/workflows/csv-report").json()["graph"]


def test_what_keeps_a_deployed_workflow_from_running_is_told(worker: Served, tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    file.write_text('{"nodes": [{"id": "a", "type": "no.such.Type"}], "edges": []}')

    done = nodetool("deploy", worker.url, file, "--token", token_of(worker), home=tmp_path)

    assert done.code == 3
    assert done.lines[0].startswith("a: ")
    assert done.lines[1].startswith("deployed odd (odd)")


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (["{url}", str(CSV_REPORT), "--token", "wrong"], 1, "nodetool: Invalid authentication token."),
        (["{url}", str(CSV_REPORT)], 1, "nodetool: Authorization header required."),
        (["http://127.0.0.1:9", str(CSV_REPORT)], 1, "nodetool: no connection to 127.0.0.1:9"),
        (["{url}", "nothing"], 1, "no workflow 'nothing'"),
        (["{url}", "nothing.json"], 2, "there is no file nothing.json"),
    ],
    ids=["wrong token", "no token", "nobody", "unknown id", "no file"],
)
def test_what_cannot_be_deployed_is_told(
    worker: Served, args: list[str], code: int, sentence: str, tmp_path: Path
) -> None:
    given = [arg.replace("{url}", worker.url) for arg in args]
    done = CliRunner().invoke(cli, ["deploy", *given, "--home", str(tmp_path / "home")])

    error = done.exception
    assert (exit_of(error) if isinstance(error, NodetoolError) else done.exit_code) == code
    assert (str(error) if isinstance(error, NodetoolError) else done.stderr).startswith(sentence)
    assert done.stdout == ""


def test_a_document_keeps_its_id_and_a_graph_gets_a_name(tmp_path: Path) -> None:
    (tmp_path / "doc.json").write_text('{"id": "x", "name": "N", "graph": {}}')
    (tmp_path / "bare.json").write_text('{"nodes": [], "edges": []}')

    assert json.loads(to_json(source.document(str(tmp_path / "doc.json"), None))) == {
        "id": "x",
        "name": "N",
        "graph": {},
    }
    assert source.document(str(tmp_path / "bare.json"), None)["name"] == "bare"


def test_the_jobs_of_a_worker_are_listed_where_it_is_found_or_named(worker: Served, http: httpx.Client) -> None:
    id = http.post("/workflows/csv-report/jobs").json()["job_id"]
    nowhere = worker.home.parent / "nowhere"

    found = nodetool("jobs", "list", "--token", token_of(worker), home=worker.home)
    named = nodetool(
        "jobs", "show", id, "--url", worker.url, "--prefix", "", home=nowhere, NODETOOL_TOKEN=token_of(worker)
    )
    nobody = nodetool("workflows", "list", home=worker.home)

    assert (found.code, found.err) == (0, "")
    assert id in [line.split()[0] for line in found.lines]
    assert named.lines[:2] == [f"job       {id}", "workflow  csv-report"]
    assert (nobody.code, nobody.out) == (1, "")
    assert nobody.err.endswith(": a command sends the token of --token or NODETOOL_TOKEN\n")
