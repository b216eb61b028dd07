"""Inputs that stream, with real processes: nothing that was acknowledged is lost, and nothing comes twice."""

import asyncio
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from nodetool.client import Client, Refused
from nodetool.client.socket import Socket
from tests.graphs import Json, graph, node
from tests.runner.helpers import PACKS
from tests.serving import Served, serving

ARGS = [part for pack in PACKS for part in ("--nodes", pack)]


def adding(seconds: float = 0) -> Json:
    """A workflow that passes items of the input ``n`` through a node that takes a while, and gives a list of them."""
    nodes = [
        node("n", "nodetool.input.IntegerInput", name="n", stream=True, max=1_000_000),
        node("text", "nodetool.text.FormatText", template="{{ n }}"),
        node("through", "bench.nodes.Sleep", seconds=seconds),
        node("out", "nodetool.output.Output", name="out"),
    ]
    return graph(nodes, "n.output -> text.n", "text.output -> through.text", "through.output -> out.value")


async def save(client: Client, made: Json) -> str:
    return str((await client.save({"name": "w", "graph": made}))["id"])


async def pour(socket: Socket, numbers: range) -> None:
    """Give all of them, trying again where the input is full."""
    for number in numbers:
        while True:
            try:
                await socket.stream_input("n", number)
                break
            except Refused as refused:
                if refused.code != "input_full":
                    raise
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("mode", ["binary", "text"])
async def test_items_come_through_in_order_and_the_run_ends_with_its_inputs(client_of: Any, mode: Any) -> None:
    async with client_of() as client, client.socket(mode) as socket:
        job_id = await socket.run(await save(client, adding()))
        await pour(socket, range(200))
        assert (await socket.end_input("n")).message == "Input stream ended"

        assert await client.job(job_id).result() == {"out": [str(number) for number in range(200)]}


async def test_params_may_hold_all_items(client_of: Any) -> None:
    async with client_of() as client:
        id = await save(client, adding())

        assert await client.run(id, {"n": [3, "4"]}) == {"out": ["3", "4"]}
        assert await client.run(id, {"n": []}) == {"out": []}
        schema = (await client.workflow(id))["input_schema"]
        assert (schema["properties"]["n"]["type"], schema["required"]) == ("array", [])


async def test_what_does_not_fit_is_refused_by_name(client_of: Any) -> None:
    async with client_of() as client, client.socket() as socket:
        id = await save(client, adding())
        job_id = await socket.run(id)

        async def code(*args: Any) -> str:
            with pytest.raises(Refused) as caught:
                await socket.stream_input(*args)
            assert caught.value.code
            return caught.value.code

        assert await code("n", "many") == "invalid_params"
        assert await code("n", -1) == "invalid_params"
        assert await code("other", 1) == "not_streaming"
        assert await code("n", 1, "0" * 32) == "not_found"
        await socket.end_input("n")
        assert await code("n", 1) == "not_streaming"
        await client.job(job_id).result()
        assert await code("n", 1, job_id) == "not_streaming"
        given = await socket.run(id, {"n": [1]})
        assert await code("n", 1, given) == "not_streaming"


async def test_an_input_that_the_run_does_not_read_is_full_at_some_point(client_of: Any) -> None:
    async with client_of() as client, client.socket() as socket:
        await socket.run(await save(client, adding(seconds=60)))
        came = 0
        with pytest.raises(Refused, match="has 64 items that the run has not taken yet"):  # noqa: PT012 - any of them
            while came < 1000:
                await socket.stream_input("n", came)
                came += 1
        assert came >= 64
        await socket.cancel()


async def test_a_cancel_ends_a_run_whose_input_is_open(client_of: Any) -> None:
    async with client_of() as client, client.socket() as socket:
        job_id = await socket.run(await save(client, adding()))
        await socket.stream_input("n", 1)
        await socket.cancel()
        *_, last = [event async for event in client.job(job_id).events()]

        assert getattr(last, "status", "") == "cancelled"


async def test_another_job_gets_what_came_in(client_of: Any) -> None:
    async with client_of() as client, client.socket() as socket:
        job_id = await socket.run(await save(client, adding()))
        await pour(socket, range(100))
        await socket.end_input("n")
        job = client.job(job_id)
        first = await job.result()

        assert await (await job.retry()).result() == first


@pytest.fixture
def client_of(served: Served) -> Any:
    return lambda: Client(served.url)


def test_what_was_acknowledged_outlives_the_server(tmp_path: Path) -> None:
    async def before(url: str) -> str:
        async with Client(url) as client, client.socket() as socket:
            job_id = await socket.run(await save(client, adding()))
            await pour(socket, range(150))
            return job_id

    async def after(url: str, job_id: str) -> Any:
        async with Client(url) as client, client.socket() as socket:
            await socket.reconnect(job_id)
            for number in range(150, 160):
                await pour(socket, range(number, number + 1))
            await socket.end_input("n", job_id)
            return await client.job(job_id).result()

    with serving(tmp_path / "home", *ARGS) as served:
        job_id = asyncio.run(before(served.url))
        served.kill()
        served.start()

        result = asyncio.run(after(served.url, job_id))
        assert result == {"out": [str(number) for number in range(160)]}
        attempts = httpx.get(f"{served.url}/api/jobs/{job_id}").json()["attempt"]
        assert attempts == 2


def test_a_silent_input_ends_the_run_where_that_is_set(tmp_path: Path) -> None:
    async def silent(url: str) -> Any:
        async with Client(url) as client, client.socket() as socket:
            job_id = await socket.run(await save(client, adding()))
            await socket.stream_input("n", 1)
            *_, last = [event async for event in client.job(job_id).events()]
            return last

    with serving(tmp_path / "home", *ARGS, "--input-timeout", "0.2") as served:
        began = time.monotonic()
        last = asyncio.run(silent(served.url))

    assert (last.status, last.code) == ("failed", "timed_out")
    assert last.error == "input n: nothing came for 0.2 seconds"
    assert last.errors[0].node_id == "n"
    assert time.monotonic() - began < 15
