"""Two users of one server, who sign in at a project that issues their tokens: neither is there for the other."""

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.auth.issuer import Issuer, issuing
from tests.graphs import through
from tests.runner.helpers import PACKS
from tests.serving import WORKER, Served, serving

GRAPH = through("nodetool.text.Concat", "a")
SLEEPS = through("bench.nodes.Sleep")


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture(scope="module", params=[WORKER, ("nodetool", "serve")], ids=["worker", "editor"])
def served(
    request: pytest.FixtureRequest, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    args = [part for pack in PACKS for part in ("--nodes", pack)]
    args += ["--host", "127.0.0.1", "--auth-provider", "supabase"]
    os.environ["SUPABASE_URL"] = issuer.url
    try:
        with serving(tmp_path_factory.mktemp("users") / "home", *args, module=request.param) as running:
            yield running
    finally:
        del os.environ["SUPABASE_URL"]


class User:
    """Somebody with a token."""

    def __init__(self, served: Served, token: str) -> None:
        self.token = token
        self.socket_url = f"{served.url.replace('http', 'ws')}/predict?token={token}"
        self.http = httpx.Client(
            base_url=served.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
            trust_env=False,
            verify=False,
        )
        paths = self.http.get("/openapi.json").json()["paths"]
        self.prefix = "/api" if "/api/jobs" in paths else ""
        self.routes = [(method.upper(), path) for path, methods in paths.items() for method in methods]

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.http.request(method, self.prefix + path, json=body)

    def say(self, command: str, **data: Any) -> Any:
        """Send one command over a socket of its own, and return the reply."""
        with connect(self.socket_url, proxy=None) as socket:
            socket.send(json.dumps({"command": "set_mode", "data": {"mode": "text"}}))
            socket.recv(5)
            socket.send(json.dumps({"command": command, "data": data}))
            return json.loads(socket.recv(5))


@pytest.fixture
def alice(served: Served, issuer: Issuer) -> Iterator[User]:
    user = User(served, issuer.token(sub="alice"))
    yield user
    user.http.close()


@pytest.fixture
def bob(served: Served, issuer: Issuer) -> Iterator[User]:
    user = User(served, issuer.token(sub="bob"))
    yield user
    user.http.close()


def save(user: User, id: str, graph: Any = GRAPH, access: str = "private") -> None:
    answer = user.ask("PUT", f"/workflows/{id}", {"name": id, "graph": graph, "access": access})
    assert answer.status_code == 200, answer.text


def test_every_route_with_an_id_has_nothing_of_another_user(alice: User, bob: User) -> None:
    save(alice, "alices")
    job = alice.ask("POST", "/workflows/alices/run", {}).headers["nodetool-job-id"]
    token = alice.ask("POST", "/tokens", {"name": "alices"}).json()["id"]
    ids = {"workflows": "alices", "jobs": job, "tokens": token}
    before = [alice.ask("GET", path).json() for path in ("/workflows/alices", f"/jobs/{job}", "/tokens")]

    walked = 0
    for method, path in bob.routes:
        if "{id}" in path:
            kind = path.removeprefix(bob.prefix).split("/")[1]
            body = {"name": "bobs", "graph": GRAPH} if method == "PUT" else {}
            answer = bob.http.request(method, path.replace("{id}", ids[kind]), json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
            walked += 1

    assert walked >= 11
    assert [alice.ask("GET", path).json() for path in ("/workflows/alices", f"/jobs/{job}", "/tokens")] == before
    for path, name in (("/workflows", "workflows"), ("/jobs", "jobs"), ("/tokens", "tokens")):
        assert bob.ask("GET", path).json()[name] == []
    assert bob.ask("GET", "/jobs?workflow_id=alices").json()["jobs"] == []


def test_a_socket_has_nothing_of_another_user(alice: User, bob: User) -> None:
    save(alice, "sleeps", SLEEPS)
    job = alice.ask("POST", "/workflows/sleeps/jobs", {}).json()["job_id"]

    for command, data in (
        ("run_job", {"workflow_id": "sleeps"}),
        ("run_job", {"workflow_id": "sleeps", "user_id": "alice"}),
        ("cancel_job", {"job_id": job}),
        ("reconnect_job", {"job_id": job}),
        ("reconnect_job", {"job_id": job, "user_id": "alice", "auth_token": alice.token}),
        ("stream_input", {"job_id": job, "input": "x", "value": 1}),
        ("end_input_stream", {"job_id": job, "input": "x"}),
    ):
        reply = bob.say(command, **data)
        assert (reply["type"], reply["code"]) in {("error", "not_found"), ("error", "not_streaming")}, command
    assert bob.say("get_status", job_id=job)["status"] == "not_found"
    assert bob.say("get_status")["active_jobs"] == []
    assert alice.ask("POST", f"/jobs/{job}/cancel").status_code in {200, 202}


def test_a_public_workflow_is_read_and_run_by_others_and_changed_by_its_owner(alice: User, bob: User) -> None:
    save(alice, "shared", access="public")

    ran = bob.ask("POST", "/workflows/shared/run", {"params": {"text": "x"}})
    job = ran.headers["nodetool-job-id"]

    assert ran.status_code == 200
    assert bob.ask("GET", "/workflows/shared").json()["access"] == "public"
    assert bob.ask("GET", f"/jobs/{job}").status_code == 200
    assert alice.ask("GET", f"/jobs/{job}").status_code == 404
    assert "shared" not in [workflow["id"] for workflow in bob.ask("GET", "/workflows").json()["workflows"]]
    assert bob.ask("PUT", "/workflows/shared", {"name": "mine", "graph": GRAPH}).status_code == 404
    assert bob.ask("DELETE", "/workflows/shared").status_code == 404
    save(alice, "shared", access="private")
    assert bob.ask("POST", "/workflows/shared/run", {}).status_code == 404
    assert bob.ask("POST", f"/jobs/{job}/retry").status_code == 202  # what was run before may be run again


def test_a_key_of_one_user_is_none_of_another(alice: User, bob: User) -> None:
    save(alice, "keyed", access="public")
    path = f"{alice.prefix}/workflows/keyed/jobs"
    one, two = (
        user.http.post(path, json={}, headers={"Idempotency-Key": "k"}).json()["job_id"] for user in (alice, bob)
    )

    assert one != two


def test_a_token_that_a_user_made_is_that_users(alice: User, bob: User, served: Served) -> None:
    save(alice, "for-app")
    made = alice.ask("POST", "/tokens", {"name": "app", "scopes": ["run"], "workflow_id": "for-app"}).json()
    app = User(served, made["token"])

    ran = app.ask("POST", "/workflows/for-app/run", {})
    assert alice.ask("GET", f"/jobs/{ran.headers['nodetool-job-id']}").status_code == 200
    assert bob.ask("GET", f"/jobs/{ran.headers['nodetool-job-id']}").status_code == 404
    assert bob.ask("DELETE", f"/tokens/{made['id']}").status_code == 404
    assert app.ask("GET", "/tokens").status_code == 403
    assert alice.ask("DELETE", f"/tokens/{made['id']}").status_code == 200
    assert app.ask("POST", "/workflows/for-app/run", {}).status_code == 401
    app.http.close()


def test_no_line_of_the_log_holds_a_token(alice: User, served: Served) -> None:
    alice.say("get_status")

    assert alice.token not in served.log.read_text()
    assert alice.token.split(".")[2] not in served.log.read_text()
