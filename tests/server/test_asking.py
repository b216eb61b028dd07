"""How a run may be asked for: with patience, with a key, with an id, and by somebody who may go away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.server.fakes import FakeJob
from tests.server.live import Live, live
from tests.server.talk import talking
from tests.server.test_runs import echo, until

RUN = "/api/workflows/wf/run"
ID = "01234567-89AB-cdef-0123-456789abcdef"
HEX = "0123456789abcdef0123456789abcdef"
LATE = {"Prefer": "wait=1"}


# Prefer, and --max-wait.


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0", "respond-async, wait=0"])
async def test_who_does_not_wait_gets_202_at_once(editor: Live, prefer: str) -> None:
    answer = await editor.http.post(RUN, headers={"Prefer": prefer})

    job = editor.jobs.newest
    assert answer.status_code == 202
    assert answer.json()["job_id"] == job.id
    assert answer.json()["status"] == "queued"
    assert answer.headers["location"] == answer.json()["links"]["self"] == f"/api/jobs/{job.id}"
    assert answer.headers["nodetool-job-id"] == job.id
    assert answer.headers["preference-applied"] == prefer
    assert job.cancels == 0


async def test_a_run_that_ends_in_time_is_answered_with_its_outputs(editor: Live) -> None:
    editor.jobs.script = echo

    answer = await editor.http.post(RUN, json={"params": {"a": 1}}, headers={"Prefer": "wait=60"})

    assert (answer.status_code, answer.json()) == (200, {"a": 1})
    assert answer.headers["preference-applied"] == "wait=60"


async def test_a_run_that_outlives_the_wait_goes_on(editor: Live) -> None:
    editor.jobs.script = FakeJob.run

    answer = await editor.http.post(RUN, headers=LATE)
    editor.jobs.newest.complete(out=1)

    assert (answer.status_code, answer.json()["status"]) == (202, "running")
    assert answer.headers["preference-applied"] == "wait=1"
    assert (await editor.http.get(answer.headers["location"])).json()["result"] == {"out": 1}


async def test_an_operator_may_limit_the_wait(worker: Live) -> None:
    async with live(max_wait=0.05, surface="worker") as server:
        plain = await server.http.post("/workflows/wf/run")
        patient = await server.http.post("/workflows/wf/run", headers={"Prefer": "wait=60"})

    assert (plain.status_code, patient.status_code) == (202, 202)
    assert "preference-applied" not in plain.headers
    assert patient.headers["preference-applied"] == "wait=0.05"
    assert plain.headers["location"].startswith("/jobs/")


async def test_a_run_that_is_not_accepted_is_no_202(editor: Live) -> None:
    def hold(job: FakeJob) -> None:
        job.is_accepted.clear()

    editor.jobs.script = hold
    asking = asyncio.create_task(editor.http.post(RUN, headers={"Prefer": "respond-async"}))
    await until(lambda: editor.jobs.all)
    await asyncio.sleep(0.02)

    assert not asking.done()
    editor.jobs.newest.is_accepted.set()
    assert (await asking).status_code == 202


async def test_a_stream_takes_no_preference(editor: Live) -> None:
    editor.jobs.script = echo

    answer = await editor.http.post(f"{RUN}?stream=true", headers={"Prefer": "respond-async"})

    assert answer.status_code == 200
    assert "preference-applied" not in answer.headers


async def test_a_page_may_read_what_was_applied(editor: Live) -> None:
    origin = {"Origin": "http://localhost:3000", "Prefer": "respond-async"}

    answer = await editor.http.post(RUN, headers=origin)

    assert "Preference-Applied" in answer.headers["access-control-expose-headers"]


# Idempotency-Key.


def with_key(key: str = "k", **more: str) -> dict[str, str]:
    return {"Idempotency-Key": key, **more}


async def test_the_same_request_is_answered_by_the_first_job_in_its_own_shape(editor: Live) -> None:
    editor.jobs.script = echo
    body = {"params": {"a": 1}}

    first = await editor.http.post(RUN, json=body, headers=with_key())
    again = await editor.http.post(RUN, json=body, headers=with_key())
    slash = await editor.http.post(f"{RUN}/", json=body, headers=with_key())
    lines = await editor.http.post(f"{RUN}?stream=true", json=body, headers=with_key())
    late = await editor.http.post(RUN, json=body, headers=with_key(Prefer="respond-async"))

    assert first.json() == again.json() == slash.json() == {"a": 1}
    assert [json.loads(line)["seq"] for line in lines.text.splitlines()] == [1, 2, 3]
    assert (late.status_code, late.json()["status"]) == (202, "completed")
    assert {answer.headers["nodetool-job-id"] for answer in (first, again, slash, lines, late)} == {
        editor.jobs.newest.id
    }
    assert len(editor.jobs.all) == 1


@pytest.mark.parametrize("path", [RUN, f"{RUN}?stream=true", f"{RUN}/stream", "/api/workflows/wf/jobs"])
async def test_another_body_is_a_mistake(editor: Live, path: str) -> None:
    editor.jobs.script = echo
    await editor.http.post(path, content='{"params": {}}', headers=with_key())

    answer = await editor.http.post(path, content='{"params":{}}', headers=with_key())

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert len(editor.jobs.all) == 1


async def test_each_route_and_workflow_has_its_own_keys(editor: Live) -> None:
    editor.jobs.known |= {"other"}
    editor.jobs.script = echo
    body = '{"workflow_id": "wf"}'
    paths = [RUN, f"{RUN}/stream", "/api/workflows/wf/jobs", "/api/workflows/other/run", "/api/jobs/run"]

    for _ in range(2):
        for path in paths:
            await editor.http.post(path, content=body, headers=with_key())

    assert len(editor.jobs.all) == len(paths)


async def test_a_job_for_later_is_202_again(editor: Live) -> None:
    answers = [await editor.http.post("/api/workflows/wf/jobs", headers=with_key()) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_key_has_its_limits(editor: Live, key: str) -> None:
    answer = await editor.http.post(RUN, headers=with_key(key))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert not editor.jobs.all


# A proposed id.


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RUN, {"params": {}, "job_id": ID}),
        (f"{RUN}?stream=true", {"job_id": ID}),
        (f"{RUN}/stream", {"job_id": ID}),
        ("/api/workflows/wf/jobs", {"job_id": ID}),
        ("/api/jobs/run", {"workflow_id": "wf", "job_id": ID}),
        ("/api/jobs/run?stream=1", {"graph": {"nodes": [], "edges": []}, "job_id": ID}),
    ],
)
async def test_an_id_is_stored_in_its_plain_form_and_answered_as_it_was_sent(
    editor: Live, path: str, body: dict[str, Any]
) -> None:
    editor.jobs.script = echo

    answer = await editor.http.post(path, json=body)
    again = await editor.http.post(path, json=body)

    assert answer.status_code in {200, 202}
    assert answer.headers["nodetool-job-id"] == ID
    assert list(editor.jobs.all) == [HEX]
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    for spelt in (ID, HEX, ID.lower()):
        assert (await editor.http.get(f"/api/jobs/{spelt}")).json()["job_id"] == HEX


async def test_a_202_and_a_failure_show_the_id_as_it_was_sent(editor: Live) -> None:
    later = await editor.http.post("/api/workflows/wf/jobs", json={"job_id": ID})
    editor.jobs.script = lambda job: job.fail("node_failed", "no")
    other = str(UUID(int=7))
    failed = await editor.http.post(RUN, json={"job_id": other})

    assert later.json()["job_id"] == ID
    assert (await editor.http.get(later.headers["location"])).json()["id"] == HEX
    assert (failed.json()["job_id"], failed.headers["nodetool-job-id"]) == (other, other)


@pytest.mark.parametrize("id", ["", "nope", HEX[:-1], f"{HEX}0", "{" + HEX + "}", f"urn:uuid:{ID}", 7, ["x"]])
@pytest.mark.parametrize("path", [RUN, "/api/jobs/run"])
async def test_what_is_no_uuid_is_refused(editor: Live, path: str, id: Any) -> None:
    answer = await editor.http.post(path, json={"workflow_id": "wf", "job_id": id})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == "$.job_id"
    assert not editor.jobs.all


async def test_null_is_no_id(editor: Live) -> None:
    assert (await editor.http.post("/api/workflows/wf/jobs", json={"job_id": None})).status_code == 202


@pytest.mark.parametrize(
    ("body", "params", "has_id"),
    [
        ({"params": {"a": 1}, "job_id": ID}, {"a": 1}, True),
        ({"params": {"a": 1}, "job_id": None}, {"a": 1}, False),
        ({"job_id": ID}, {"job_id": ID}, False),
        ({"params": 3, "job_id": ID}, {"params": 3, "job_id": ID}, False),
        ({"params": {}, "job_id": ID, "b": 2}, {"params": {}, "job_id": ID, "b": 2}, False),
    ],
    ids=str,
)
async def test_the_worker_takes_an_id_beside_params_only(
    worker: Live, body: dict[str, Any], params: dict[str, Any], has_id: bool
) -> None:
    await worker.http.post("/workflows/wf/jobs", json=body)

    assert worker.jobs.newest.params == params
    assert (worker.jobs.newest.id == HEX) == has_id


async def test_a_socket_answers_with_the_id_as_it_was_sent(editor: Live) -> None:
    editor.jobs.script = FakeJob.run
    async with talking(editor.socket_url) as talk:
        reply = await talk.ask("run_job", workflow_id="wf", job_id=ID)
        events = [await talk.hear() for _ in range(2)]
        taken = await talk.ask("run_job", workflow_id="wf", job_id=HEX)
        wrong = await talk.ask("run_job", workflow_id="wf", job_id="nope")
        status = await talk.ask("get_status", job_id=ID)
        newest = await talk.ask("get_status")

    assert (reply["message"], reply["job_id"]) == ("Job started", ID)
    assert {event["job_id"] for event in events} == {HEX}
    assert (taken["code"], taken["job_id"], taken["command"]) == ("conflict", HEX, "run_job")
    assert (wrong["code"], wrong["job_id"]) == ("invalid_request", "nope")
    assert (status["job_id"], status["status"]) == (HEX, "running")
    assert [job["job_id"] for job in newest["active_jobs"]] == [HEX]


async def test_a_socket_comes_back_to_a_job_by_any_spelling_of_its_id(editor: Live) -> None:
    editor.jobs.script = FakeJob.run
    async with talking(editor.socket_url) as talk:
        await talk.ask("run_job", workflow_id="wf", job_id=ID)
    editor.jobs.newest.say("meanwhile")
    async with talking(editor.socket_url) as talk:
        for spelt in (ID, HEX):
            reply = await talk.ask("reconnect_job", job_id=spelt, after=1)
            assert (reply["command"], reply["job_id"]) == ("reconnect_job", HEX)
            assert [(await talk.hear())["seq"] for _ in range(2)] == [2, 3]
        await talk.send("cancel_job", job_id=ID)
        editor.jobs.newest.cancel()
        heard = [await talk.hear() for _ in range(2)]

    assert {frame["job_id"] for frame in heard} == {HEX}
    assert "cancelled" in {frame.get("status") for frame in heard}


# Clients that go away.


@asynccontextmanager
async def going_away(server: Live, path: str, **more: Any) -> AsyncIterator[None]:
    """A client that sends its request, and leaves at the end of the block."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=10) as http:
        asking = asyncio.create_task(http.post(path, **more))
        await until(lambda: server.jobs.all)
        await asyncio.sleep(0.02)
        yield
        asking.cancel()
        await asyncio.wait((asking,))


WAYS = [RUN, f"{RUN}?stream=true", f"{RUN}/stream"]


def wish(path: str, value: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}on_disconnect={value}"


@pytest.mark.parametrize("path", [*WAYS, "/api/jobs/run", "/api/jobs/run?stream=true"])
async def test_a_client_that_goes_away_cancels_its_job_if_it_said_so(editor: Live, path: str) -> None:
    editor.jobs.script = FakeJob.run
    async with going_away(editor, wish(path, "cancel"), json={"workflow_id": "wf"}):
        assert editor.jobs.newest.cancels == 0

    await until(lambda: editor.jobs.newest.cancels == 1)


@pytest.mark.parametrize("path", [*WAYS, *[wish(way, "continue") for way in WAYS]])
async def test_else_the_job_goes_on(editor: Live, path: str) -> None:
    editor.jobs.script = FakeJob.run
    async with going_away(editor, path):
        pass
    await asyncio.sleep(0.05)

    assert editor.jobs.newest.cancels == 0


@pytest.mark.parametrize("path", WAYS)
async def test_a_job_that_ends_is_not_cancelled(editor: Live, path: str) -> None:
    editor.jobs.script = echo

    answer = await editor.http.post(wish(path, "cancel"))
    await editor.http.aclose()
    await asyncio.sleep(0.05)

    assert answer.status_code == 200
    assert editor.jobs.newest.cancels == 0


@pytest.mark.parametrize("path", WAYS)
async def test_a_shutdown_is_not_the_client(editor: Live, path: str) -> None:
    editor.jobs.script = FakeJob.run
    asking = asyncio.create_task(editor.http.post(wish(path, "cancel")))
    await until(lambda: editor.jobs.all)
    await asyncio.sleep(0.02)
    await editor.site.shutdown()

    assert (await asking).status_code == (202 if path == RUN else 200)
    await asyncio.sleep(0.05)
    assert editor.jobs.newest.cancels == 0


async def test_who_left_after_a_202_does_not_cancel(editor: Live) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{editor.port}") as http:
        answer = await http.post(wish(RUN, "cancel"), headers={"Prefer": "wait=0"})
    await asyncio.sleep(0.05)

    assert answer.status_code == 202
    assert editor.jobs.newest.cancels == 0


async def test_a_run_without_the_wish_has_no_task_of_its_own(editor: Live) -> None:
    """Who says nothing about leaving costs nothing for it."""
    editor.jobs.script = FakeJob.run
    before = len(asyncio.all_tasks())
    async with going_away(editor, RUN):
        without = len(asyncio.all_tasks()) - before
        editor.jobs.newest.complete()
    editor.jobs.all.clear()
    async with going_away(editor, wish(RUN, "cancel")):
        assert len(asyncio.all_tasks()) - before == without + 1
        editor.jobs.newest.complete()


async def test_another_wish_is_refused(editor: Live) -> None:
    answer = await editor.http.post(wish(RUN, "explode"))

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "on_disconnect")
    assert not editor.jobs.all


# Again.


async def test_a_retry_is_a_new_job_for_later(editor: Live) -> None:
    editor.jobs.script = echo
    await editor.http.post(RUN, json={"params": {"a": 1}})
    first = editor.jobs.newest

    answer = await editor.http.post(f"/api/jobs/{first.id}/retry")

    again = editor.jobs.newest
    assert again is not first
    assert answer.status_code == 202
    assert answer.json()["job_id"] == answer.headers["nodetool-job-id"] == again.id
    assert answer.headers["location"] == f"/api/jobs/{again.id}"
    assert again.params == {"a": 1}


async def test_a_job_that_runs_cannot_be_tried_again(editor: Live, worker: Live) -> None:
    editor.jobs.script = FakeJob.run
    await editor.http.post("/api/workflows/wf/jobs")

    answer = await editor.http.post(f"/api/jobs/{editor.jobs.newest.id}/retry")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await worker.http.post(f"/jobs/{HEX}/retry")).status_code == 404
