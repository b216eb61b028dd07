"""``nodetool jobs``: of a server by its URL, of the server that has the home, and of a home that no server has."""

import json
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from nodetool.client.sync import Client
from nodetool.storage.home import Home
from tests.cli.command import Done, interrupted, nodetool, on_terminal
from tests.cli.house import WAYS, House, until
from tests.cli.quick import Quick
from tests.serving import serving

pytestmark = pytest.mark.xdist_group("house")


# Looking.


@pytest.mark.parametrize(
    "args",
    [
        ["list", "--status", "failed"],
        ["show", "FAILED"],
        ["logs", "COMPLETED", "--json"],
        ["profile", "COMPLETED"],
        ["profile", "FAILED", "--json"],
    ],
    ids=" ".join,
)
def test_what_has_ended_looks_the_same_in_each_way(house: House, args: list[str]) -> None:
    ids = {"FAILED": house.failed, "COMPLETED": house.completed}

    first, *others = house.each("jobs", *(ids.get(arg, arg) for arg in args)).values()

    assert (first.code, first.err) == (0, "")
    assert first.out
    assert others == [first, first]


def test_json_is_what_the_api_answers(house: House) -> None:
    api = f"{house.served.url}/api/jobs"

    assert house.ask("at rest", "jobs", "show", house.completed, "--json").json == fetched(f"{api}/{house.completed}")
    assert house.ask("served", "jobs", "logs", house.completed, "--json").out == lines_of(f"{api}/{house.completed}")


def fetched(url: str) -> Any:
    with urlopen(url, timeout=5) as answer:
        return json.load(answer)


def lines_of(job: str) -> str:
    """Return the events of a job as the API streams them."""
    request = Request(f"{job}/events", headers={"Accept": "application/x-ndjson"})
    with urlopen(request, timeout=5) as answer:
        return str(answer.read().decode())


def test_a_list_shows_the_newest_first(house: House) -> None:
    head, *rows = house.ask("at rest", "jobs", "list").lines

    assert head.split() == ["ID", "STATUS", "CREATED", "TOOK", "WORKFLOW", "ERROR"]
    assert [row.split()[:2] for row in rows] == [
        [house.interrupted, "interrupted"],
        [house.failed, "failed"],
        [house.completed, "completed"],
    ]
    assert rows[1].endswith("  parts          delimiter: must not be empty")


def test_a_list_has_a_limit_and_says_where_it_goes_on(house: House) -> None:
    page = house.ask("at rest", "jobs", "list", "--limit", "1", "--json").json

    assert [job["id"] for job in page["jobs"]] == [house.interrupted]
    after = fetched(f"{house.served.url}/api/jobs?limit=1&cursor={page['next']}")
    assert [job["id"] for job in after["jobs"]] == [house.failed]


def test_a_job_that_failed_says_which_node_and_why(house: House) -> None:
    lines = house.ask("at rest", "jobs", "show", house.failed).lines

    assert lines[:5] == [
        f"job       {house.failed}",
        "workflow  parts",
        "status    failed",
        "attempts  1",
        "events    6",
    ]
    assert [line.split()[0] for line in lines[5:9]] == ["queued", "started", "finished", "took"]
    assert lines[9:] == [
        "error     delimiter: must not be empty [node_failed]",
        "node      n1, handle delimiter",
        "",
        "params",
        "  text  some words",
    ]


def test_a_job_shows_its_result_in_short(house: House) -> None:
    lines = house.ask("at rest", "jobs", "show", house.completed).lines

    assert lines[-5:] == [
        "params",
        "  melts_above  3000",
        "",
        "result",
        "  report  1 of 46 elements melt above 3000 °C Tungsten W 3422.00 °C By name: Tungsten",
    ]


def test_a_log_is_read_line_by_line(house: House) -> None:
    lines = house.ask("at rest", "jobs", "logs", house.failed).lines

    assert [line[25:] for line in lines] == [
        "job queued",
        "job running",
        "Split Text (n1) running",
        "Split Text (n1) error: delimiter: must not be empty",
        "job failed: node n1 failed: delimiter: must not be empty [node_failed]",
    ]


def test_a_job_that_its_server_left_is_interrupted_until_one_comes(house: House) -> None:
    shown = house.ask("at rest", "jobs", "show", house.interrupted)
    listed = house.ask("at rest", "jobs", "list", "--status", "running")

    assert "status    interrupted" in shown.lines
    assert "took" not in shown.out
    assert [line.split()[1] for line in listed.lines[1:]] == ["interrupted"]
    assert house.ask("at rest", "jobs", "show", house.interrupted, "--json").json["status"] == "running"
    assert house.status(house.interrupted) == "running"


def test_looking_changes_nothing(house: House, tmp_path: Path) -> None:
    home = house.copy(tmp_path)
    for args in (["list"], ["logs", house.interrupted]):
        assert house.quick.run("jobs", *args, home=home).code == 0

    job = house.quick.run("jobs", "show", house.interrupted, "--json", home=home).json
    assert (job["status"], job["attempt"]) == ("running", 1)
    assert not (home / "server.json").exists()


# Following.


def test_a_job_is_followed_to_its_end(house: House) -> None:
    id = house.start().id
    command = [sys.executable, "-m", "nodetool", "jobs", "logs", id, "--follow", "--home", str(house.served.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if "0 of 7" in line:
                break
        assert house.ask("served", "jobs", "cancel", id).out == f"{id}: is being stopped\n"
        *_, last = process.stdout.read().splitlines()

    assert last.endswith("  job cancelled")
    assert process.returncode == 0


def test_who_stops_to_follow_does_not_stop_the_job(house: House) -> None:
    job = house.start()

    done, seconds = interrupted(
        "jobs", "logs", job.id, "-f", home=house.served.home, after="0 of 7", number=signal.SIGINT
    )

    assert (done.code, done.err) == (130, "nodetool: the job goes on\n")
    assert seconds < 10
    assert house.status(job.id) == "running"
    assert house.ask("served", "jobs", "cancel", job.id).code == 0


def test_what_nobody_runs_cannot_be_followed(house: House) -> None:
    done = house.ask("at rest", "jobs", "logs", house.interrupted, "--follow")

    assert done.lines[-1].endswith("Pace (pace) 0 of 7")
    assert (done.code, done.err) == (
        1,
        "nodetool: No server has this home, so nothing runs: the job waits for the next start.\n",
    )
    assert house.ask("at rest", "jobs", "logs", house.completed, "--follow").code == 0


# Changing.


def test_each_job_that_is_to_be_cancelled_is_told_about(house: House) -> None:
    job = house.start()

    done = house.ask("by URL", "jobs", "cancel", "nothing", job.id, house.failed)
    until(lambda: house.status(job.id) == "cancelled")
    again = house.ask("served", "jobs", "cancel", job.id)

    assert done.code == 1
    assert done.lines == [f"{job.id}: is being stopped", f"{house.failed}: had failed before"]
    assert done.err == "nodetool: no job 'nothing'\n"
    assert (again.code, again.out) == (0, f"{job.id}: cancelled\n")


def test_a_retry_can_be_waited_for(house: House) -> None:
    well = house.ask("served", "jobs", "retry", house.completed, "--wait")
    badly = house.ask("by URL", "jobs", "retry", house.failed, "--wait")

    assert (well.code, well.err, house.status(well.out.strip())) == (0, "", "completed")
    assert (badly.code, house.status(badly.out.strip())) == (1, "failed")
    assert badly.err == "nodetool: node n1 failed: delimiter: must not be empty\n"


def test_a_job_that_has_not_ended_is_not_retried(house: House) -> None:
    for way in ("served", "at rest"):
        done = house.ask(way, "jobs", "retry", house.interrupted)
        assert (done.code, done.out) == (1, "")
        assert done.err == "nodetool: the job has not ended, so there is nothing to try again\n"


def test_what_was_changed_without_a_server_counts_at_its_next_start(house: House, tmp_path: Path) -> None:
    home = house.copy(tmp_path)

    retried = house.quick.run("jobs", "retry", house.completed, home=home)
    cancelled = house.quick.run("jobs", "cancel", house.interrupted, house.completed, home=home)

    assert (retried.code, cancelled.code) == (0, 0)
    assert retried.err == "nodetool: no server has this home: the job runs at the next start\n"
    assert cancelled.lines == [f"{house.interrupted}: cancelled", f"{house.completed}: had completed before"]
    id = retried.out.strip()
    before = house.quick.run("jobs", "show", house.interrupted, "--json", home=home).json
    assert house.quick.run("jobs", "list", home=home).lines[1].split()[:2] == [id, "queued"]
    assert (before["status"], before["attempt"]) == ("cancelled", 1)
    with serving(home) as served, Client(served.url) as client:
        assert client.job(id).result()["report"].startswith("1 of 46 elements")
        assert client.job(house.interrupted).read() == before


def test_a_queued_job_is_cancelled_without_a_server(house: House, tmp_path: Path) -> None:
    home = house.copy(tmp_path)
    id = house.quick.run("jobs", "retry", house.completed, home=home).out.strip()

    assert house.quick.run("jobs", "cancel", id, home=home).out == f"{id}: cancelled\n"
    assert [line[25:] for line in house.quick.run("jobs", "logs", id, home=home).lines] == [
        "job queued",
        "job cancelled",
    ]


def test_nothing_runs_that_could_be_waited_for_without_a_server(house: House) -> None:
    done = house.ask("at rest", "jobs", "retry", house.completed, "--wait")

    assert (done.code, done.out) == (1, "")
    assert done.err == "nodetool: no server has this home, so nothing runs that could be waited for\n"


def test_old_jobs_are_deleted_where_no_server_does(house: House, tmp_path: Path) -> None:
    home = house.copy(tmp_path)

    assert house.quick.run("jobs", "prune", home=home).out == "0 jobs deleted\n"
    assert house.quick.run("jobs", "prune", "--jobs", "1", home=home).out == "1 job deleted\n"
    assert house.quick.run("jobs", "prune", home=home, NODETOOL_RETENTION_DAYS="0.00000001").out == "1 job deleted\n"
    assert [line.split()[0] for line in house.quick.run("jobs", "list", home=home).lines] == ["ID", house.interrupted]
    gone = house.quick.run("jobs", "show", house.failed, home=home)
    assert (gone.code, gone.err) == (1, "nodetool: The job was deleted, as it ended long ago.\n")


@pytest.mark.parametrize("way", ["by URL", "served"])
def test_a_server_prunes_by_itself(house: House, way: str) -> None:
    done = house.ask(way, "jobs", "prune", "--days", "1")

    assert (done.code, done.out) == (1, "")
    assert "deletes old ones by itself, every hour; see --retention-days" in done.err


# Whom to ask.


def test_a_command_waits_for_a_command_that_has_the_home(house: House, tmp_path: Path) -> None:
    path = house.copy(tmp_path)
    timer = threading.Timer(0.5, Home.open(path).close)
    timer.start()

    assert house.quick.run("jobs", "list", home=path).code == 0
    timer.join()


def test_a_server_waits_for_a_command_that_has_the_home(house: House, tmp_path: Path) -> None:
    path = house.copy(tmp_path)
    holder = Home.open(path)

    def let_go() -> None:
        """Close the home once the server wants it."""
        log = tmp_path / "serve.log"
        until(lambda: log.exists() and "server.listening" in log.read_text())
        time.sleep(0.3)
        holder.close()

    letting_go = threading.Thread(target=let_go)
    letting_go.start()

    with serving(path, "--drain", "0"):
        assert house.quick.run("jobs", "show", house.failed, home=path).code == 0
    letting_go.join()


def test_commands_at_the_same_time_take_turns(house: House) -> None:
    results: list[Done] = []
    threads = [
        threading.Thread(target=lambda: results.append(nodetool("jobs", "show", house.failed, home=house.rest)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [results[0]] * 3
    assert results[0].code == 0


def test_the_variable_names_a_server_unless_a_home_is_named(house: House, quick: Quick, unused_tcp_port: int) -> None:
    nowhere = f"http://127.0.0.1:{unused_tcp_port}"

    by_variable = quick.run("jobs", "list", home=house.rest, NODETOOL_URL=nowhere)
    by_home = quick.run("jobs", "list", "--home", house.rest, home=house.rest, NODETOOL_URL=nowhere)

    assert (by_variable.code, by_variable.out) == (1, "")
    assert by_variable.err == f"nodetool: no connection to 127.0.0.1:{unused_tcp_port}: Connection refused\n"
    assert by_home.code == 0


class Stranger(BaseHTTPRequestHandler):
    """Answers everything with some JSON, and keeps the tokens it was given."""

    tokens: list[str | None] = []

    def do_GET(self) -> None:
        self.tokens.append(self.headers.get("Authorization"))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_token_is_sent_along_and_what_is_no_server_of_ours_is_told(quick: Quick, home: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"

        listed = quick.run("jobs", "list", "--url", url, "--token", "mine", home=home, NODETOOL_TOKEN="x")
        shown = quick.run("jobs", "show", "x", home=home, NODETOOL_URL=url, NODETOOL_TOKEN="of the shell")
        stored = quick.run("workflows", "list", "--url", url, home=home)
        server.shutdown()

    assert Stranger.tokens == ["Bearer mine", "Bearer of the shell", None]
    assert (listed.code, shown.code, stored.code) == (1, 1, 1)
    assert listed.err.startswith("nodetool: what the server answers is no list of jobs: ")
    assert shown.err.startswith("nodetool: what the server answers is no job: ")
    assert stored.err == "nodetool: the answer has no workflows; whoever answered may be no server of ours\n"


def test_a_home_that_is_not_there_is_not_made(quick: Quick, tmp_path: Path) -> None:
    done = quick.run("jobs", "list", home=tmp_path / "home")

    assert (done.code, done.out) == (1, "")
    assert (
        done.err == f"nodetool: there is no home at {tmp_path / 'home'}: name one with --home, or a server with --url\n"
    )
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_job_that_is_not_there_is_told(house: House, way: str) -> None:
    done = house.ask(way, "jobs", "show", "nothing")

    assert (done.code, done.out, done.err) == (1, "", "nodetool: no job 'nothing'\n")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["list", "--status", "odd"], "'odd' is not one of 'queued', 'running'"),
        (["list", "--limit", "0"], "0 is not in the range x>=1"),
        (["prune", "--days", "-1"], "-1.0 is not in the range x>=0"),
        (["cancel"], "Missing argument 'JOB'"),
        (["show", "x", "--url", "nowhere"], "expected a URL like http://127.0.0.1:8000, got 'nowhere'"),
        (["list", "--url", "http://127.0.0.1:1", "--home", "x"], "--url names a server, --home the folder of one"),
    ],
    ids=["status", "limit", "days", "no job", "URL", "URL and home"],
)
def test_wrong_usage_is_told(args: list[str], sentence: str, quick: Quick, home: Path) -> None:
    done = quick.run("jobs", *args, home=home)

    assert (done.code, done.out) == (2, "")
    assert sentence in done.err


# On a terminal.


def test_a_terminal_has_colours_and_cuts_lines(house: House) -> None:
    head, *rows = on_terminal("jobs", "list", home=house.rest, columns=60).splitlines()

    assert head == "\x1b[1mID                                STATUS       CREATED     …\x1b[0m"
    assert rows[1].startswith(f"{house.failed}  \x1b[31mfailed\x1b[0m ")
    assert "delimiter: must not be empty" in on_terminal("jobs", "list", home=house.rest, columns=200)


def test_a_terminal_shows_what_went_wrong_in_red(house: House) -> None:
    *_, error, end = on_terminal("jobs", "logs", house.failed, home=house.rest, columns=200).splitlines()

    assert error.startswith("\x1b[31m")
    assert "job failed: node n1 failed" in end
