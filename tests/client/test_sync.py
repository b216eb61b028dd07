"""The client for scripts: the same names, without ``await``."""

import inspect

import pytest

from nodetool import client as asynchronous
from nodetool.client import Refused, sync
from nodetool.protocol.events import OutputUpdate
from tests.client.graphs import ECHO, ITEMS, paced
from tests.serving import Served


def names(kind: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [("Client", {"connect"}), ("Job", {"go_on"}), ("Socket", {"close"})],
)
def test_both_clients_have_the_same_names(kind: str, left_out: set[str]) -> None:
    assert names(getattr(sync, kind)) == names(getattr(asynchronous, kind)) - left_out


def test_a_script_saves_runs_streams_and_deletes(server: Served) -> None:
    with sync.Client(server.url) as client:
        id = client.save({"name": "of a script", "graph": ITEMS})["id"]

        assert client.run(id, {"rows": [1]}) == {"items": [1]}
        assert client.start(id, {"rows": [2]}).result() == {"items": [2]}
        assert [e.value for e in client.stream(id, {"rows": [3]}) if isinstance(e, OutputUpdate)] == [3]
        assert {"id": id} in client.workflows("id")
        newest = client.job(client.jobs(workflow_id=id, limit=1)["jobs"][0]["id"])
        assert newest.retry().result() == {"items": [3]}
        assert {node["status"] for node in newest.profile()["nodes"]} == {"completed"}
        client.delete(id)
        with pytest.raises(Refused):
            client.workflow(id)


def test_a_script_leaves_a_stream_and_cancels_the_job(server: Served) -> None:
    with sync.Client(server.url) as client:
        id = client.save({"name": "slow", "graph": paced(0.05)})["id"]

        for event in client.stream(id, {"rows": list(range(100))}):
            job = client.job(event.job_id)
            break

        job.cancel()
        *_, last = job.events()
        assert (last.seq, job.read()["status"]) == (job.read()["last_seq"], "cancelled")


def test_a_script_talks_over_a_socket(server: Served) -> None:
    with sync.Client(server.url) as client, client.socket("text") as socket:
        job_id = socket.run(graph=ECHO, params={"text": "x"})

        event = next(event for event in socket if isinstance(event, OutputUpdate))
        assert (event.job_id, event.value) == (job_id, "x")
        assert socket.status(job_id).job_id == job_id


def test_a_script_with_a_wrong_url_leaves_no_thread_behind() -> None:
    with pytest.raises(ValueError, match="expected a URL"):
        sync.Client("nowhere")
