"""A stream goes on where it was, over whatever line."""

import asyncio
import random

import pytest

from nodetool.client import Client, Unreachable
from nodetool.protocol.events import AnyEvent, JobUpdate, OutputUpdate
from tests.client.cutting import cutting
from tests.client.graphs import ITEMS, paced, store
from tests.serving import Served

ROWS = [f"row {number} ü" for number in range(40)]


async def listen(client: Client, id: str, heard: list[AnyEvent]) -> None:
    """Run a workflow over a stream, and write down what is heard."""
    async for event in client.stream(id, {"rows": ROWS}):
        heard.append(event)  # noqa: PERF401 - others watch the list grow


def is_whole(heard: list[AnyEvent]) -> bool:
    last = heard[-1]
    numbers = [event.seq for event in heard]
    return isinstance(last, JobUpdate) and last.result == {"items": ROWS} and numbers == [*range(1, len(heard) + 1)]


@pytest.mark.parametrize("seed", range(8))
async def test_a_stream_is_whole_wherever_its_line_is_cut(client: Client, server: Served, seed: int) -> None:
    rng = random.Random(seed)
    id = await store(client, ITEMS)
    async with cutting(server.port) as cutter, Client(cutter.url, patience=5) as far:
        cutter.cuts.extend(rng.randint(400, 9000) for _ in range(6))

        heard: list[AnyEvent] = []
        await listen(far, id, heard)

    assert is_whole(heard)
    assert cutter.made > 1


async def test_a_run_whose_line_is_cut_before_it_names_its_job_is_lost_to_its_caller(
    client: Client, server: Served
) -> None:
    id = await store(client, ITEMS)
    async with cutting(server.port) as cutter, Client(cutter.url) as far:
        cutter.cuts.append(20)

        with pytest.raises(Unreachable, match="lost in the middle"):
            await listen(far, id, [])


async def test_a_reader_waits_for_a_server_that_comes_back(client: Client, server: Served) -> None:
    id = await store(client, paced(0.02))
    async with cutting(server.port) as cutter, Client(cutter.url, patience=5) as far:
        heard: list[AnyEvent] = []
        reading = asyncio.create_task(listen(far, id, heard))
        await under_way(heard)
        await cutter.down()
        await asyncio.sleep(0.3)
        await cutter.up()

        await reading

    assert is_whole(heard)


async def test_patience_has_an_end(client: Client, server: Served) -> None:
    id = await store(client, paced(0.02))
    async with cutting(server.port) as cutter, Client(cutter.url, patience=0.2) as far:
        heard: list[AnyEvent] = []
        reading = asyncio.create_task(listen(far, id, heard))
        await under_way(heard)
        await cutter.down()

        with pytest.raises(Unreachable, match="no connection"):
            await reading
        await cutter.up()


async def under_way(heard: list[AnyEvent]) -> None:
    while not any(isinstance(event, OutputUpdate) for event in heard):
        await asyncio.sleep(0.005)
