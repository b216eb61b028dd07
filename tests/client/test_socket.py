"""A conversation over a socket, in both modes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from nodetool.client import Client, Refused, Socket, SocketClosed
from nodetool.client.socket import Mode
from nodetool.protocol.events import ENDED, AnyEvent, JobUpdate, OutputUpdate
from nodetool.protocol.replies import Done, Pong
from tests.client.cutting import cutting
from tests.client.graphs import ECHO, ITEMS, paced, store
from tests.serving import Served


@pytest.fixture(params=["binary", "text"])
async def socket(request: pytest.FixtureRequest, client: Client) -> AsyncIterator[Socket]:
    mode: Mode = request.param
    async with client.socket(mode) as socket:
        yield socket


async def to_end(socket: Socket, job_id: str) -> list[AnyEvent]:
    """Return the events of a job up to its last, passing over those of others."""
    events: list[AnyEvent] = []
    async for event in socket:
        if event.job_id == job_id:
            events.append(event)
            if isinstance(event, JobUpdate) and event.status in ENDED:
                return events
    raise AssertionError


async def test_the_events_of_a_run_follow_its_reply(client: Client, socket: Socket) -> None:
    job_id = await socket.run(await store(client, ITEMS), {"rows": ["ü", b"\x00"]})

    events = await to_end(socket, job_id)

    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert next(event.value for event in events if isinstance(event, OutputUpdate)) == "ü"


async def test_a_graph_may_be_sent_along(socket: Socket) -> None:
    job_id = await socket.run(graph=ECHO, params={"text": "sent"})

    events = await to_end(socket, job_id)

    assert isinstance(events[-1], JobUpdate)
    assert events[-1].result == {"same": "sent"}


async def test_a_reader_comes_back_where_it_was(client: Client, socket: Socket) -> None:
    job = await client.start(await store(client, ECHO))
    whole = [event async for event in job.events()]

    await socket.reconnect(job.id, 3)

    assert await to_end(socket, job.id) == whole[3:]


async def test_a_job_is_asked_about_and_cancelled(client: Client, socket: Socket) -> None:
    job_id = await socket.run(await store(client, paced(0.05)), {"rows": list(range(100))})

    status = await socket.status()
    reply = await socket.cancel()

    assert (status.job_id, [job.job_id for job in status.active_jobs or []]) == (job_id, [job_id])
    assert isinstance(reply, Done)
    assert reply.job_id == job_id
    last = (await to_end(socket, job_id))[-1]
    assert isinstance(last, JobUpdate)
    assert last.status == "cancelled"


async def test_a_refusal_is_raised_where_it_was_asked_for_and_the_socket_lives(socket: Socket) -> None:
    with pytest.raises(Refused, match="no workflow 'nobody'") as caught:
        await socket.run("nobody")

    assert (caught.value.code, caught.value.status) == ("not_found", 0)
    assert isinstance(await socket.ping(), Pong)


async def test_one_task_listens_while_others_ask(client: Client, socket: Socket) -> None:
    id = await store(client, paced(0.01))
    jobs = await asyncio.gather(*(socket.run(id, {"rows": [1, 2, 3]}) for _ in range(3)))
    listening = asyncio.create_task(socket.event())

    pongs = await asyncio.gather(*(socket.ping() for _ in range(5)))

    assert len(pongs) == 5
    assert (await listening).job_id in jobs


async def test_an_answer_that_nobody_waits_for_any_more_is_dropped(socket: Socket) -> None:
    asking = asyncio.create_task(socket.ping())
    await asyncio.sleep(0)
    asking.cancel()

    assert (await socket.status()).active_jobs == []


async def test_a_line_that_is_cut_is_told_to_all_who_wait(client: Client, server: Served) -> None:
    async with cutting(server.port) as cutter, Client(cutter.url) as far, far.socket() as socket:
        waiting = [asyncio.create_task(socket.event()) for _ in range(2)]
        await socket.ping()
        await cutter.down()

        for task in waiting:
            with pytest.raises(SocketClosed) as caught:
                await task
            assert caught.value.code == 1006
        with pytest.raises(SocketClosed):
            await socket.ping()
        await cutter.up()
