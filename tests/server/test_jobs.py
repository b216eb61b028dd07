import asyncio
import json
from typing import Any

import pytest

from nodetool.protocol.errors import Fault
from tests.server.fakes import FakeJob
from tests.server.live import Live
from tests.server.test_runs import until


async def started(server: Live, **params: Any) -> FakeJob:
    await server.http.post("/api/workflows/wf/jobs", json={"params": params})
    return server.jobs.newest


async def test_a_job_shows_what_went_in_and_came_out(editor: Live) -> None:
    job = await started(editor, text="hi", data=[1, None])
    job.run()
    job.complete(out={"a": 1})

    answer = await editor.http.get(f"/api/jobs/{job.id}")

    assert answer.status_code == 200
    assert answer.headers["nodetool-job-id"] == job.id
    assert answer.json() == {
        "id": job.id,
        "job_id": job.id,
        "workflow_id": "wf",
        "status": "completed",
        "attempt": 1,
        "last_seq": 3,
        "params": {"text": "hi", "data": [1, None]},
        "result": {"out": {"a": 1}},
        "error": None,
        "created_at": "2023-11-14T22:13:20.000000Z",
        "started_at": "2023-11-14T22:13:20.000001Z",
        "finished_at": "2023-11-14T22:13:20.000002Z",
        "links": {
            "self": f"/api/jobs/{job.id}",
            "events": f"/api/jobs/{job.id}/events",
            "cancel": f"/api/jobs/{job.id}/cancel",
            "retry": f"/api/jobs/{job.id}/retry",
        },
    }


async def test_an_open_job_has_no_result_yet(editor: Live) -> None:
    job = await started(editor)

    shown = (await editor.http.get(f"/api/jobs/{job.id}")).json()

    assert (shown["status"], shown["result"], shown["started_at"], shown["finished_at"]) == ("queued", None, None, None)


async def test_a_failed_job_shows_its_error(editor: Live) -> None:
    job = await started(editor)
    job.fail("node_failed", "too long", Fault(node_id="n", message="too long"))

    shown = (await editor.http.get(f"/api/jobs/{job.id}")).json()

    assert (shown["status"], shown["error"], shown["result"]) == ("failed", "too long", None)


async def test_a_job_is_found_with_dashes_too(editor: Live) -> None:
    id = (await started(editor)).id
    dashed = "-".join((id[:8], id[8:12], id[12:16], id[16:20], id[20:]))

    assert (await editor.http.get(f"/api/jobs/{dashed}")).json()["id"] == id


async def test_the_list_leaves_params_and_results_out(editor: Live) -> None:
    first, second = await started(editor, a=1), await started(editor, a=2)

    answer = await editor.http.get("/api/jobs")

    assert answer.json()["next"] == ""
    assert [job["id"] for job in answer.json()["jobs"]] == [second.id, first.id]
    assert {"params", "result"}.isdisjoint(answer.json()["jobs"][0])


async def test_the_list_hands_its_query_over(editor: Live) -> None:
    await editor.http.get("/api/jobs/?limit=7&cursor=abc&workflow_id=wf&status=failed")

    assert editor.jobs.asked == {"limit": 7, "cursor": "abc", "workflow_id": "wf", "status": "failed"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/jobs/nope", 404, "not_found"),
        ("/api/jobs/nope/profile", 404, "not_found"),
        ("/api/jobs?status=lost", 422, "invalid_request"),
        ("/api/jobs?limit=2000", 422, "invalid_request"),
        ("/api/jobs/{id}/events?limit=0", 422, "invalid_request"),
        ("/api/jobs/{id}/events?wait=61", 422, "invalid_request"),
        ("/api/jobs/{id}/events?wait=long", 422, "invalid_request"),
    ],
)
async def test_a_bad_question_is_refused(editor: Live, path: str, status: int, code: str) -> None:
    job = await started(editor)

    answer = await editor.http.get(path.replace("{id}", job.id))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/jobs/nope/events", 404, "not_found"),
        ("/api/jobs/{id}/events?after=-1", 422, "invalid_request"),
        ("/api/jobs/{id}/events?after=x", 422, "invalid_request"),
        ("/api/jobs/{id}/events?after=2", 409, "cursor_ahead"),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "application/x-ndjson", "text/event-stream"])
async def test_what_cannot_be_followed_is_refused_before_a_stream_begins(
    editor: Live, path: str, status: int, code: str, accept: str
) -> None:
    job = await started(editor)

    answer = await editor.http.get(path.replace("{id}", job.id), headers={"Accept": accept})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_cancel_of_a_running_job_is_202(editor: Live) -> None:
    job = await started(editor)
    job.run()

    answer = await editor.http.post(f"/api/jobs/{job.id}/cancel")

    assert (answer.status_code, answer.json()["status"], job.cancels) == (202, "running", 1)


async def test_cancel_of_a_queued_job_is_202_and_over(editor: Live) -> None:
    job = await started(editor)

    answer = await editor.http.post(f"/api/jobs/{job.id}/cancel")

    assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")


@pytest.mark.parametrize("end", [FakeJob.complete, FakeJob.cancel])
async def test_cancel_of_an_ended_job_is_200_and_changes_nothing(editor: Live, end: Any) -> None:
    job = await started(editor)
    end(job)
    ended = job.status

    answer = await editor.http.post(f"/api/jobs/{job.id}/cancel")

    assert (answer.status_code, answer.json()["status"], job.cancels) == (200, ended, 0)


async def test_events_come_in_pages(editor: Live) -> None:
    job = await started(editor)
    job.say("two", "three")
    job.say("four")

    whole = (await editor.http.get(f"/api/jobs/{job.id}/events")).json()
    part = (await editor.http.get(f"/api/jobs/{job.id}/events?after=1&limit=2")).json()
    rest = (await editor.http.get(f"/api/jobs/{job.id}/events?after={part['next_after']}")).json()
    none = (await editor.http.get(f"/api/jobs/{job.id}/events?after=4")).json()

    assert [event["seq"] for event in whole["events"]] == [1, 2, 3, 4]
    assert [event["seq"] for event in part["events"]] == [2, 3]
    assert [event["seq"] for event in rest["events"]] == [4]
    assert (whole["next_after"], part["next_after"], rest["next_after"]) == (4, 3, 4)
    assert none == {"events": [], "next_after": 4, "status": "queued"}
    assert all(cursor.is_closed for cursor in job.cursors)


async def test_an_event_in_a_page_is_the_event_of_a_stream(editor: Live) -> None:
    job = await started(editor)
    job.say("grüße")
    job.complete(x=1)

    page = (await editor.http.get(f"/api/jobs/{job.id}/events")).json()["events"]
    lines = await editor.http.get(f"/api/jobs/{job.id}/events", headers={"Accept": "application/x-ndjson"})

    assert page == [json.loads(line) for line in lines.text.splitlines()]


async def test_wait_holds_the_page_until_something_comes(editor: Live) -> None:
    job = await started(editor)
    asked = asyncio.create_task(editor.http.get(f"/api/jobs/{job.id}/events?after=1&wait=30"))
    await until(lambda: job.cursors)
    await asyncio.sleep(0.02)
    assert not asked.done()

    job.complete(x=1)
    page = (await asked).json()

    assert [event["seq"] for event in page["events"]] == [2]
    assert page["status"] == "completed"


async def test_wait_ends_without_events_when_nothing_comes(editor: Live) -> None:
    job = await started(editor)

    page = (await editor.http.get(f"/api/jobs/{job.id}/events?after=1&wait=0.02")).json()

    assert page == {"events": [], "next_after": 1, "status": "queued"}


async def test_an_ended_job_answers_at_once_whatever_the_wait(editor: Live) -> None:
    job = await started(editor)
    job.complete()

    page = (await editor.http.get(f"/api/jobs/{job.id}/events?after=2&wait=60")).json()

    assert page == {"events": [], "next_after": 2, "status": "completed"}


async def test_a_shutdown_lets_nobody_wait(editor: Live) -> None:
    job = await started(editor)
    asked = asyncio.create_task(editor.http.get(f"/api/jobs/{job.id}/events?after=1&wait=30"))
    await until(lambda: job.cursors)
    await asyncio.sleep(0.02)

    await editor.site.shutdown()

    assert ((await asked).status_code, job.cursors[0].is_closed) == (503, True)


async def test_lines_follow_a_live_job_from_any_number_on(editor: Live) -> None:
    job = await started(editor)
    job.say("two")
    asked = asyncio.create_task(
        editor.http.get(f"/api/jobs/{job.id}/events?after=1", headers={"Accept": "application/x-ndjson"})
    )
    await until(lambda: job.cursors)
    job.complete()
    answer = await asked

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["nodetool-job-id"] == job.id
    assert [json.loads(line)["seq"] for line in answer.text.splitlines()] == [2, 3]


async def test_server_sent_events_go_on_behind_what_the_browser_remembers(editor: Live) -> None:
    job = await started(editor)
    job.say("two", "three")
    job.complete()

    answer = await editor.http.get(
        f"/api/jobs/{job.id}/events?after=0", headers={"Accept": "text/event-stream", "Last-Event-ID": "2"}
    )

    assert [line for line in answer.text.splitlines() if line.startswith("id")] == ["id: 3", "id: 4"]
    assert answer.text.endswith("data: [DONE]\n\n")


async def test_a_browser_that_has_seen_the_end_is_told_not_to_come_back(editor: Live) -> None:
    job = await started(editor)
    job.complete()

    answer = await editor.http.get(
        f"/api/jobs/{job.id}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "2"}
    )

    assert (answer.status_code, answer.content) == (204, b"")


async def test_a_last_event_id_that_is_no_number_is_refused(editor: Live) -> None:
    job = await started(editor)

    answer = await editor.http.get(
        f"/api/jobs/{job.id}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": "x"}
    )

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Last-Event-ID")


async def test_the_worker_has_the_same_under_jobs(worker: Live) -> None:
    await worker.http.post("/workflows/wf/jobs")
    id = worker.jobs.newest.id

    assert (await worker.http.get("/jobs")).json()["jobs"][0]["id"] == id
    assert (await worker.http.get(f"/jobs/{id}/events")).json()["next_after"] == 1
    assert (await worker.http.post(f"/jobs/{id}/cancel")).status_code == 202
