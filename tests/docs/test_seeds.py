"""The code blocks of the two guides that this server makes true, unchanged but for ids, ports and waiting.

``seeds/`` holds them as they were printed; do not mend them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.docs import graphs
from tests.docs.scripts import Printed, run_bash, run_javascript
from tests.serving import Served

SEEDS = Path(__file__).parent / "seeds"

PARAMS = 'const params = { param_name: "param_value" };\n'

SOCKET = 'const socket = new WebSocket("ws://localhost:8000/predict");\n'

OPENED = """\
await opened(socket, (frame) => frame.type === "job_update" && !["queued", "running"].includes(frame.status));
"""
"""Stands behind SOCKET: the guides send at once, which no socket allows."""


@dataclass(frozen=True)
class Reader:
    """Somebody who copies code out of a guide."""

    guide: Path
    server: Served
    api: httpx.Client
    folder: Path

    def store(self, id: str, graph: graphs.Graph) -> str:
        answer = self.api.put(f"/api/workflows/{id}", json={"name": id, "graph": graph})

        assert answer.json()["findings"] == []
        return id

    def block(self, name: str, workflow_id: str) -> str:
        """Return a block with the ids and the port of this test, and waiting where it must."""
        code = (self.guide / name).read_text().replace(SOCKET, SOCKET + OPENED)
        code = code.replace("localhost:8000", f"localhost:{self.server.port}")
        return code.replace("<workflow_id>", workflow_id).replace("YOUR_WORKFLOW_ID", workflow_id)

    def run(self, node: str, code: str) -> Printed:
        printed = run_javascript(node, code, self.folder, FRAMES=str(self.folder / "frames"))

        assert (printed.code, printed.err) == (0, "")
        return printed

    def frames(self) -> list[dict[str, Any]]:
        """Return what came over the socket."""
        return [json.loads(line) for line in (self.folder / "frames").read_text().splitlines()]


@pytest.fixture(params=["guide-1", "guide-2"])
def reader(request: pytest.FixtureRequest, server: Served, api: httpx.Client, tmp_path: Path) -> Reader:
    return Reader(SEEDS / request.param, server, api, tmp_path)


def test_the_workflows_are_loaded(reader: Reader, node: str) -> None:
    id = reader.store("echo", graphs.echo())

    printed = reader.run(node, reader.block("load.js", id) + "console.log(JSON.stringify(workflows));")

    assert id in [workflow["id"] for workflow in printed.json["workflows"]]


def test_curl_prints_the_outputs(reader: Reader) -> None:
    id = reader.store("echo", graphs.echo())

    printed = run_bash(reader.block("run.sh", id), reader.folder)

    assert printed.json == {"output": "param_value"}


def test_fetch_gives_the_outputs(reader: Reader, node: str) -> None:
    id = reader.store("echo", graphs.echo())

    printed = reader.run(node, PARAMS + reader.block("run.js", id) + "console.log(JSON.stringify(outputs));")

    assert printed.json == {"output": "param_value"}


def test_the_stream_shows_every_step(reader: Reader, node: str) -> None:
    id = reader.store("steps", graphs.steps(4, 0.06))

    printed = reader.run(node, PARAMS + reader.block("stream.js", id))

    assert printed.lines == [
        "Job status: queued",
        "Job status: running",
        "Node update: Steps running undefined",
        "Node progress: Steps 25",
        "Node progress: Steps 50",
        "Node progress: Steps 75",
        "Node progress: Steps 100",
        "Node update: Steps completed undefined",
        "Node update: Output running undefined",
        "Node update: Output completed undefined",
        "Job status: completed",
        "Workflow completed: { output: 'param_value' }",
    ]


def test_the_stream_shows_what_failed(reader: Reader, node: str) -> None:
    id = reader.store("failing", graphs.failing("the cat ate it"))

    printed = reader.run(node, PARAMS + reader.block("stream.js", id))

    assert "Node update: Fail error the cat ate it" in printed.lines
    assert printed.lines[-1] == "Job status: failed"


def test_a_reader_that_decodes_each_chunk_alone_reads_a_burst(reader: Reader, node: str) -> None:
    """Beyond 64 KiB at once the reader's own system cuts where it likes, and this reader cannot work."""
    id = reader.store("many", graphs.many(100))

    printed = reader.run(node, PARAMS.replace("value", "välue") + reader.block("stream.js", id))

    assert "'param_välue 99'" in printed.out


def test_the_socket_cancels_the_job_it_just_asked_for(reader: Reader, node: str) -> None:
    id = reader.store("slow", graphs.steps(100, 0.1))

    printed = reader.run(node, reader.block("socket.js", id))

    replies = [frame for frame in reader.frames() if "seq" not in frame]
    assert [reply["command"] for reply in replies] == ["run_job", "cancel_job", "get_status"]
    assert len({reply["job_id"] for reply in replies}) == 1
    assert reader.api.get(f"/api/jobs/{replies[0]['job_id']}").json()["status"] == "cancelled"
    assert reader.frames()[-1]["status"] == "cancelled"
    assert "Workflow completed" not in printed.out


def test_the_socket_shows_the_run_to_its_end_if_nobody_cancels(reader: Reader, node: str) -> None:
    id = reader.store("steps", graphs.steps(4, 0.06))
    code = reader.block("socket.js", id).splitlines()

    printed = reader.run(node, "\n".join(line for line in code if "cancel_job" not in line))

    assert printed.lines == [
        "Node update: Steps running undefined",
        "Progress: 25",
        "Progress: 50",
        "Progress: 75",
        "Progress: 100",
        "Node update: Steps completed undefined",
        "Node update: Output running undefined",
        "Node update: Output completed undefined",
        "Workflow completed: { output: '' }",
    ]
