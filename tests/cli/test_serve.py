"""``nodetool serve``: what it prints, and how it starts and stops."""

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from nodetool.config import Config
from tests.cli.command import nodetool
from tests.serving import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("serve") / "home", "--examples") as served:
        yield served


def test_the_printed_line_can_be_pasted(served: Served) -> None:
    (line,) = re.findall(r"^  curl .*$", served.log.read_text(), re.MULTILINE)

    done = subprocess.run(["bash", "-c", f"{line} -sS"], capture_output=True, text=True, timeout=15, check=True)

    assert json.loads(done.stdout)["report"].startswith("3 of 46 elements melt above 2000 °C")


def test_what_serves_logs_json_lines(served: Served) -> None:
    lines = [json.loads(line) for line in served.log.read_text().splitlines() if line.startswith("{")]

    assert "server.listening" in [line["event"] for line in lines]


def test_a_home_has_one_server(served: Served) -> None:
    second = nodetool("serve", "--port", "0", home=served.home)

    assert second.code == 1
    assert second.err.splitlines()[-1] == f"nodetool: Another server (process {served.process.pid}) uses this home."


def test_a_workflow_of_a_home_that_is_served_is_run_there(served: Served) -> None:
    done = nodetool("run", "csv-report", home=served.home)

    assert (done.code, done.out) == (1, "")
    assert "run the workflow there, or stop it first" in done.err


def test_a_taken_port_is_refused_unless_another_may_be_searched(served: Served, tmp_path: Path) -> None:
    refused = nodetool("serve", "--port", str(served.port), home=tmp_path / "home")

    assert refused.code == 1
    assert refused.err.endswith(
        f"port {served.port} is taken: name another with --port, or let --port-search find one\n"
    )


def test_a_server_stops_when_told_and_its_workflows_can_be_run_without_it(tmp_path: Path) -> None:
    with serving(tmp_path / "home", "--examples") as served:
        assert served.stop() == 0

    done = nodetool("run", "csv-report", "--input", "melts_above=3000", home=served.home)

    assert (done.code, done.lines[0]) == (0, "1 of 46 elements melt above 3000 °C")


def test_a_second_signal_does_not_wait_for_runs(tmp_path: Path) -> None:
    with serving(tmp_path / "home", "--examples") as served:
        start = Request(f"{served.url}/api/workflows/slow-progress/jobs", b'{"params": {"seconds": 60}}')
        start.add_header("Content-Type", "application/json")
        assert urlopen(start, timeout=5).status == 202
        served.process.send_signal(signal.SIGINT)
        while "server.stopping" not in served.log.read_text():
            time.sleep(0.01)
        served.process.send_signal(signal.SIGINT)

        assert served.process.wait(5) == 1


def test_an_id_that_is_not_there_is_told_and_makes_no_database(tmp_path: Path) -> None:
    done = nodetool("run", "nothing", home=tmp_path / "home")

    assert (done.code, done.err) == (1, "nodetool: no workflow 'nothing'\n")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["--port", "70000"], "nodetool: port 70000: a port is 0 to 65535\n"),
        (["--sync", "fast"], "nodetool: sync: expected full or normal\n"),
        (["--host", "0.0.0.0"], "asks for a token, --insecure does not\n"),
        (["--nodes", "nothing.py"], "nodetool: nodes nothing.py: there is no such file\n"),
    ],
    ids=["port", "sync", "host", "nodes"],
)
def test_a_wrong_setting_is_named(args: list[str], sentence: str, home: Path) -> None:
    done = nodetool("serve", *args, home=home)

    assert done.code == 2
    assert done.err.endswith(sentence)


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = nodetool("serve", "--port", "0", home=tmp_path / "file" / "home")

    assert done.code == 1
    assert done.err.splitlines()[-1].endswith("Not a directory")


@pytest.mark.parametrize(
    ("host", "url"),
    [("127.0.0.1", "http://127.0.0.1:{}"), ("0.0.0.0", "http://127.0.0.1:{}"), ("::1", "http://[::1]:{}")],
)
def test_the_printed_address_can_be_reached_from_here(host: str, url: str) -> None:
    from nodetool.cli.serving import listen
    from nodetool.server.listener import url_of

    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with listen(Config(host=host, port=0), search=False) as sock:
        assert url_of(sock) == url.format(sock.getsockname()[1])
