import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from nodetool.protocol.errors import Fault, HasFindings, InvalidParams, NodetoolError, QueueFull, StorageFull
from tests.server.fakes import FakeJob
from tests.server.live import Live, live

RUN = "/api/workflows/wf/run"


def echo(job: FakeJob) -> None:
    """Run a workflow that gives back what it got."""
    job.run()
    job.complete(**job.params)


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def test_a_run_answers_with_its_outputs_and_names_its_job(editor: Live) -> None:
    editor.jobs.script = echo

    answer = await editor.http.post(RUN, json={"params": {"text": "grüße", "n": [1, 2.5, None]}})

    assert answer.status_code == 200
    assert answer.json() == {"text": "grüße", "n": [1, 2.5, None]}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["nodetool-job-id"] == editor.jobs.newest.id


async def test_bytes_in_a_result_are_spelled_out(editor: Live) -> None:
    editor.jobs.script = lambda job: job.complete(data=b"\x00\xff")

    answer = await editor.http.post(RUN)

    assert answer.json() == {"data": {"type": "bytes", "base64": "AP8="}}


@pytest.mark.parametrize(
    ("body", "params"),
    [
        ("", {}),
        ("  \n", {}),
        ("{}", {}),
        ('{"params": {}}', {}),
        ('{"params": {"a": 1}}', {"a": 1}),
        ('{"params": {"a": 1}, "b": 2}', {"a": 1}),
        ('{"a": 1}', {}),
    ],
)
async def test_the_editor_takes_params_from_the_envelope(editor: Live, body: str, params: Any) -> None:
    editor.jobs.script = echo

    answer = await editor.http.post(RUN, content=body)

    assert (answer.status_code, answer.json()) == (200, params)


@pytest.mark.parametrize(
    ("body", "params"),
    [
        ("", {}),
        ('{"params": {"a": 1}}', {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ('{"params": {"a": 1}, "b": 2}', {"params": {"a": 1}, "b": 2}),
        ('{"params": 3}', {"params": 3}),
    ],
)
async def test_the_worker_takes_bare_params_too(worker: Live, body: str, params: Any) -> None:
    worker.jobs.script = echo

    answer = await worker.http.post("/workflows/wf/run", content=body)

    assert (answer.status_code, answer.json()) == (200, params)


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/workflows/nope/run", "{}", 404, "not_found"),
        ("/api/workflows/nope/run?stream=true", "{}", 404, "not_found"),
        ("/api/workflows/nope/run/stream", "{}", 404, "not_found"),
        ("/api/workflows/nope/jobs", "{}", 404, "not_found"),
        (RUN, "{", 400, "invalid_json"),
        (RUN, b'{"params": {"a": "\xff"}}', 400, "invalid_json"),
        (RUN, '{"params": {"a":' + "[" * 70 + "]" * 70 + "}}", 400, "invalid_json"),
        (RUN, "[]", 422, "invalid_request"),
        (RUN, "null", 422, "invalid_request"),
        (RUN, '{"params": 3}', 422, "invalid_request"),
        (RUN + "?stream=yes", "{}", 422, "invalid_request"),
        (RUN + "?stream=", "{}", 422, "invalid_request"),
        ("/api/jobs/run", "{}", 422, "invalid_request"),
        ("/api/jobs/run", '{"workflow_id": 3}', 422, "invalid_request"),
        ("/api/jobs/run", '{"workflow_id": "nope"}', 404, "not_found"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_bad_request_starts_nothing(editor: Live, path: str, body: str | bytes, status: int, code: str) -> None:
    answer = await editor.http.post(path, content=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not editor.jobs.all


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HasFindings(errors=[Fault(code="cycle", node_id="n", message="a cycle")]), 422),
        (InvalidParams(errors=[Fault(field="n", message="not a number")]), 422),
        (QueueFull(), 429),
        (StorageFull(), 507),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("path", [RUN, RUN + "?stream=true", RUN + "/stream", "/api/workflows/wf/jobs"])
async def test_what_cannot_start_is_refused_before_a_stream_begins(
    editor: Live, path: str, error: NodetoolError, status: int
) -> None:
    editor.jobs.refuse = error

    answer = await editor.http.post(path)

    assert (answer.status_code, answer.json()["code"]) == (status, error.code)
    assert len(answer.json().get("errors", [])) == len(error.errors)
    assert ("retry-after" in answer.headers) == (status == 429)


async def test_a_failed_run_names_the_node_and_its_job(editor: Live) -> None:
    fault = Fault(node_id="n7", handle="text", message="too long")
    editor.jobs.script = lambda job: job.fail("node_failed", "too long", fault)

    answer = await editor.http.post(RUN)

    assert answer.status_code == 500
    assert answer.json() == {
        "type": "urn:nodetool:problem:node_failed",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "too long",
        "code": "node_failed",
        "errors": [{"node_id": "n7", "handle": "text", "message": "too long"}],
        "job_id": editor.jobs.newest.id,
    }
    assert answer.headers["nodetool-job-id"] == editor.jobs.newest.id


@pytest.mark.parametrize("code", ["import_failed", "type_mismatch", "timed_out", "runner_lost", "made_up_later"])
async def test_every_failure_is_500(editor: Live, code: str) -> None:
    editor.jobs.script = lambda job: job.fail(code, "why")

    answer = await editor.http.post(RUN)

    assert (answer.status_code, answer.json()["detail"]) == (500, "why")
    assert answer.json()["code"] == ("job_failed" if code == "made_up_later" else code)


async def test_a_cancelled_run_is_409(editor: Live) -> None:
    editor.jobs.script = FakeJob.cancel

    answer = await editor.http.post(RUN)

    assert (answer.status_code, answer.json()["code"]) == (409, "job_cancelled")
    assert answer.headers["nodetool-job-id"] == editor.jobs.newest.id


async def test_a_run_for_later_answers_202_once_it_is_accepted(editor: Live) -> None:
    editor.jobs.script = lambda job: job.is_accepted.clear()
    asked = asyncio.create_task(editor.http.post("/api/workflows/wf/jobs", json={"params": {"a": 1}}))
    await until(lambda: editor.jobs.all)
    job = editor.jobs.newest
    await asyncio.sleep(0.02)
    assert not asked.done()

    job.is_accepted.set()
    answer = await asked

    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/jobs/{job.id}"
    assert answer.headers["nodetool-job-id"] == job.id
    assert answer.json() == {
        "job_id": job.id,
        "status": "queued",
        "links": {
            "self": f"/api/jobs/{job.id}",
            "events": f"/api/jobs/{job.id}/events",
            "cancel": f"/api/jobs/{job.id}/cancel",
            "retry": f"/api/jobs/{job.id}/retry",
        },
    }
    assert (await editor.http.get(answer.headers["location"])).json()["params"] == {"a": 1}


async def test_links_of_the_worker_are_its_own(worker: Live) -> None:
    answer = await worker.http.post("/workflows/wf/jobs")

    assert (await worker.http.get(answer.json()["links"]["self"])).status_code == 200


@pytest.mark.parametrize("path", [RUN + "?stream=true", RUN + "/stream", "/api/workflows/wf/jobs"])
async def test_an_accept_that_is_not_stored_is_no_stream(editor: Live, path: str) -> None:
    def refuse(job: FakeJob) -> None:
        job.accept_error = StorageFull()

    editor.jobs.script = refuse

    answer = await editor.http.post(path)

    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


async def test_the_old_path_runs_the_workflow_in_the_body(editor: Live) -> None:
    editor.jobs.script = echo
    body = {"workflow_id": "wf", "params": {"a": 1}, "job_type": "workflow", "type": "run_job_request"}

    sync = await editor.http.post("/api/jobs/run", json=body)
    streamed = await editor.http.post("/api/jobs/run?stream=true", json=body)

    assert sync.json() == {"a": 1}
    assert json.loads(streamed.text.splitlines()[-1])["result"] == {"a": 1}


async def test_the_old_path_runs_a_graph_that_is_sent_along(editor: Live) -> None:
    editor.jobs.script = echo

    answer = await editor.http.post("/api/jobs/run", json={"graph": {"nodes": [], "edges": []}})

    assert answer.status_code == 200
    assert editor.jobs.graphs == [b'{"nodes":[],"edges":[]}']


async def body_of(size: int, chunk: int = 65536) -> AsyncIterator[bytes]:
    for start in range(0, size, chunk):
        yield b" " * min(chunk, size - start)


async def test_a_body_over_the_limit_is_413_with_and_without_its_length() -> None:
    async with live(max_body=100_000) as server:
        told = await server.http.post(RUN, content=b" " * 100_001)
        untold = await server.http.post(RUN, content=body_of(100_001))
        fits = await server.http.post(RUN + "?stream=x", content=body_of(100_000))

    assert (told.status_code, told.json()["code"]) == (413, "too_large")
    assert (untold.status_code, untold.json()["code"]) == (413, "too_large")
    assert fits.status_code == 422


async def test_a_form_is_415(editor: Live) -> None:
    answer = await editor.http.post(RUN, data={"a": "b"})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_client_that_leaves_does_not_touch_its_run(editor: Live) -> None:
    asked = asyncio.create_task(editor.http.post(RUN))
    await until(lambda: editor.jobs.all)

    asked.cancel()
    await asyncio.sleep(0.02)

    assert editor.jobs.newest.cancels == 0
    assert editor.jobs.newest.status == "queued"


async def test_a_run_that_outlives_the_server_answers_202(editor: Live) -> None:
    asked = asyncio.create_task(editor.http.post(RUN))
    await until(lambda: editor.jobs.all)
    await asyncio.sleep(0.02)

    await editor.site.shutdown()
    answer = await asked

    assert answer.status_code == 202
    assert answer.headers["location"] == f"/api/jobs/{editor.jobs.newest.id}"
