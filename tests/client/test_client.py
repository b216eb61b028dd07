"""The client against a real server."""

import asyncio

import pytest

from nodetool.client import Client, JobCancelled, JobFailed, Refused, Unreachable
from nodetool.protocol.events import JobUpdate, OutputUpdate
from tests.client.graphs import ECHO, FAILING, ITEMS, paced, store
from tests.serving import Served


async def test_a_workflow_is_saved_read_listed_and_deleted(client: Client) -> None:
    saved = await client.save({"name": "kept", "graph": ECHO, "settings": {"mine": 1}})

    assert await client.workflow(saved["id"]) == saved
    assert saved in await client.workflows()
    await client.delete(saved["id"])
    with pytest.raises(Refused, match="no workflow"):
        await client.workflow(saved["id"])


async def test_saving_a_document_that_was_read_replaces_it(client: Client) -> None:
    document = await client.workflow(await store(client, ECHO))

    again = await client.save({**document, "name": "renamed"})

    assert (again["id"], again["name"]) == (document["id"], "renamed")


async def test_an_id_may_hold_what_a_path_may_not(client: Client) -> None:
    saved = await client.save({"id": "a b%2Fü?", "name": "odd", "graph": ECHO})

    assert await client.run(saved["id"], {"text": "x"}) == {"same": "x"}


async def test_a_run_gives_the_outputs(client: Client) -> None:
    id = await store(client, ECHO)

    assert await client.run(id, {"text": "tschüß 𝄞\x00"}) == {"same": "tschüß 𝄞\x00"}


async def test_a_run_that_fails_says_why_and_where(client: Client) -> None:
    id = await store(client, FAILING)

    with pytest.raises(JobFailed, match="delimiter: must not be empty") as caught:
        await client.run(id)

    error = caught.value
    assert (error.code, error.status, [fault.node_id for fault in error.errors]) == ("node_failed", 500, ["n1"])
    assert error.job_id
    assert (await client.job(error.job_id).read())["status"] == "failed"


async def test_what_is_refused_names_the_field(client: Client) -> None:
    id = await store(client, ECHO)

    with pytest.raises(Refused) as caught:
        await client.run(id, {"nobody": 1})

    error = caught.value
    assert (error.code, error.status, error.job_id) == ("invalid_params", 422, None)
    assert [fault.field for fault in error.errors] == ["params.nobody"]


async def test_a_job_is_started_and_left_alone(client: Client) -> None:
    id = await store(client, ITEMS)

    job = await client.start(id, {"rows": [1, 2]})

    assert await job.result() == {"items": [1, 2]}
    assert await client.job(job.id).result() == {"items": [1, 2]}


async def test_the_result_of_a_job_that_failed_is_its_failure(client: Client) -> None:
    job = await client.start(await store(client, FAILING))

    for _ in ("while it runs, perhaps", "after its end"):
        with pytest.raises(JobFailed, match="delimiter") as caught:
            await job.result()
        assert (caught.value.code, caught.value.job_id) == ("node_failed", job.id)


async def test_a_cancel_ends_a_run_for_everybody_who_waits(client: Client, server: Served) -> None:
    job = await client.start(await store(client, paced(0.05)), {"rows": list(range(1000))})
    waiting = asyncio.create_task(job.result())

    document = await job.cancel()

    assert document["job_id"] == job.id
    with pytest.raises(JobCancelled):
        await waiting
    assert (await job.cancel())["status"] == "cancelled"


async def test_jobs_are_listed_page_by_page(client: Client) -> None:
    id = await store(client, ECHO)
    ids = [(await client.start(id)).id for _ in range(3)]
    for job_id in ids:
        await client.job(job_id).result()

    first = await client.jobs(workflow_id=id, limit=2)
    rest = await client.jobs(workflow_id=id, cursor=first["next"])

    assert [job["id"] for job in (*first["jobs"], *rest["jobs"])] == ids[::-1]
    assert rest["next"] == ""
    assert (await client.jobs(workflow_id=id, status="failed"))["jobs"] == []


async def test_only_the_parts_of_workflows_that_are_wanted_are_listed(client: Client) -> None:
    id = await store(client, ECHO)

    assert {"id": id, "name": "a workflow of a test"} in await client.workflows("id", "name")


async def test_a_job_that_has_ended_is_run_again(client: Client) -> None:
    job = await client.start(await store(client, ITEMS), {"rows": [1, 2]})
    await job.result()

    again = await job.retry()

    assert again.id != job.id
    assert await again.result() == {"items": [1, 2]}
    with pytest.raises(Refused, match="no job"):
        await client.job("none").retry()


async def test_a_stream_shows_every_event(client: Client) -> None:
    id = await store(client, ITEMS)

    events = [event async for event in client.stream(id, {"rows": ["a", "b"]})]

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.value for event in events if isinstance(event, OutputUpdate)] == ["a", "b"]
    assert isinstance(events[-1], JobUpdate)
    assert events[-1].result == {"items": ["a", "b"]}


async def test_the_events_of_a_job_are_read_from_any_number_on(client: Client) -> None:
    job = await client.start(await store(client, ITEMS), {"rows": ["a", "b"]})
    whole = [event async for event in job.events()]

    for after in range(len(whole) + 1):
        assert [event async for event in job.events(after)] == whole[after:]


async def test_a_number_that_is_not_there_yet_is_refused(client: Client) -> None:
    job = await client.start(await store(client, ECHO))
    await job.result()

    with pytest.raises(Refused) as caught:
        await anext(job.events(1000))

    assert (caught.value.code, caught.value.status) == ("cursor_ahead", 409)


async def test_a_stream_that_is_left_does_not_end_the_run(client: Client) -> None:
    id = await store(client, paced(0.02))

    async for event in client.stream(id, {"rows": [1, 2, 3]}):
        job = client.job(event.job_id)
        break

    assert await job.result() == {"items": [1, 2, 3]}


async def test_many_requests_at_once_share_a_client(client: Client) -> None:
    id = await store(client, ECHO)

    outputs = await asyncio.gather(*(client.run(id, {"text": str(number)}) for number in range(20)))

    assert outputs == [{"same": str(number)} for number in range(20)]


async def test_nobody_there_is_a_sentence(unused_tcp_port: int) -> None:
    async with Client(f"http://127.0.0.1:{unused_tcp_port}") as client:
        with pytest.raises(Unreachable, match=f"no connection to 127.0.0.1:{unused_tcp_port}"):
            await client.workflows()
        with pytest.raises(Unreachable, match="no socket"):
            async with client.socket():
                pass


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://"])
def test_what_is_no_url_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="expected a URL"):
        Client(url)
