"""The worker behind TLS, as the page on security has it: a real nginx with the configuration that is printed there."""

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.graphs import Json, graph, node, output
from tests.runner.helpers import PACKS
from tests.serving import ROOT, WORKER, Served, serving

TOKEN = "a token that only this test knows, of some length"

PACE = node("p", "nodetool.control.Pace", input_list=[1, 2, 3], seconds=0.3)

PACED = graph([PACE, output()], "p.output -> out.value")
"""An item now and then."""

BODY: Json = {"name": "paced", "access": "private", "graph": PACED}


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    args = [part for pack in PACKS for part in ("--nodes", pack)]
    args += ["--host", "127.0.0.1", "--trust-proxy", "127.0.0.1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKER_AUTH_TOKEN", TOKEN)
        with serving(tmp_path_factory.mktemp("worker") / "home", *args, module=WORKER) as running:
            yield running


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    """A client's context that takes the certificate of a test, which nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def port(worker: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Where nginx stands in front of the worker."""
    if not (shutil.which("nginx") and shutil.which("openssl")):
        pytest.skip("no nginx is installed (Debian: apt-get install nginx-light openssl)")
    folder = tmp_path_factory.mktemp("nginx")
    certify(folder)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(configuration(folder, port, worker.port))
    command = ["nginx", "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(config)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            until_it_listens(port, running)
            yield port
        finally:
            running.terminate()


def certify(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=worker.example.org"]
    command += ["-keyout", str(folder / "worker.key"), "-out", str(folder / "worker.pem")]
    subprocess.run(command, check=True, capture_output=True)


def configuration(folder: Path, port: int, upstream: int) -> str:
    """Return what the page prints, with the ports and files of the test."""
    page = (ROOT / "docs" / "security.md").read_text()
    printed = re.search(r"```text\n(server \{.*?)```", page, re.DOTALL)
    assert printed
    here = printed[1].replace("listen 443", f"listen 127.0.0.1:{port}").replace("/etc/ssl/", f"{folder}/")
    here = here.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temp = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    return f"daemon off; pid {folder}/pid; events {{}}\nhttp {{ access_log off;\n{temp}{here} }}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def until_it_listens(port: int, running: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end and running.poll() is None:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("nginx did not start")


@pytest.fixture
def client(port: int, tls: ssl.SSLContext) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": "worker.example.org"}
    with httpx.Client(base_url=f"https://127.0.0.1:{port}", headers=headers, verify=tls, timeout=10) as client:
        assert client.put("/workflows/paced", json=BODY).status_code == 200
        yield client


def test_a_run_and_its_errors_come_through(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "healthy"}
    assert client.post("/workflows/paced/run", json={}).json() == {"out": [1, 2, 3]}
    refused = client.get("/workflows", headers={"Authorization": "Bearer wrong"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("path", ["/workflows/paced/run?stream=true", "/workflows/paced/run/stream"])
def test_events_leave_as_they_come(client: httpx.Client, path: str) -> None:
    with client.stream("POST", path, json={}) as answer:
        came = [time.monotonic() for line in answer.iter_lines() if '"output_update"' in line]

    assert len(came) == 3
    assert came[-1] - came[0] > 0.3, "they waited in the proxy for the end"


def test_a_socket_comes_through(port: int, tls: ssl.SSLContext, client: httpx.Client) -> None:
    url = f"wss://127.0.0.1:{port}/predict?token={TOKEN.replace(' ', '%20')}"
    assert client.get("/ready").status_code == 200
    with connect(url, ssl=tls, origin=Origin("https://app.example.org")) as talk:
        talk.send(msgspec.msgpack.encode({"command": "run_job", "data": {"workflow_id": "paced"}}))
        got: list[Json] = []
        while not got or got[-1].get("status") != "completed" or got[-1]["type"] != "job_update":
            got.append(msgspec.msgpack.decode(talk.recv(timeout=10, decode=False)))
        assert got[-1]["result"] == {"out": [1, 2, 3]}


def test_the_worker_believes_the_proxy_about_who_calls(worker: Served, client: httpx.Client) -> None:
    client.delete("/workflows/paced", headers={"X-Forwarded-For": "203.0.113.9"})

    lines = [line for line in worker.log.read_text().splitlines() if "workflow.delete" in line]
    assert '"address": "203.0.113.9"' in lines[-1]  # this test's own is the proxy's as well, and so passed over
