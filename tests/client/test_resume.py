"""A stream goes on where it was, over whatever line."""

import asyncio
import random

import pytest

from nodetool.client import Client, Unreachable
from nodetool.protocol.events import JobUpdate
from tests.client.cutting import Cutter, cutting
from tests.client.graphs import ITEMS, paced, store
from tests.serving import Served

ROWS = [f"row {number} ü" for number in range(40)]


async def whole(client: Client, id: str) -> list[tuple[int, str]]:
    """Run a workflow over a stream, and return what was heard."""
    events = [event async for event in client.stream(id, {"rows": ROWS})]
    assert isinstance(events[-1], JobUpdate)
    assert events[-1].result == {"items": ROWS}
    return [(event.seq, type(event).__name__) for event in events]


@pytest.mark.parametrize("seed", range(8))
async def test_a_stream_is_whole_wherever_its_line_is_cut(client: Client, server: Served, seed: int) -> None:
    rng = random.Random(seed)
    id = await store(client, ITEMS)
    async with cutting(server.port) as cutter, Client(cutter.url, patience=5) as far:
        cutter.cuts.extend(rng.randint(400, 9000) for _ in range(6))

        heard = await whole(far, id)

    assert [seq for seq, _ in heard] == list(range(1, len(heard) + 1))
    assert cutter.made > 1


async def test_a_run_whose_line_is_cut_before_it_names_its_job_is_lost_to_its_caller(
    client: Client, server: Served
) -> None:
    id = await store(client, ITEMS)
    async with cutting(server.port) as cutter, Client(cutter.url) as far:
        cutter.cuts.append(20)

        with pytest.raises(Unreachable, match="lost in the middle"):
            await whole(far, id)


async def test_a_reader_waits_for_a_server_that_comes_back(client: Client, server: Served) -> None:
    id = await store(client, paced(0.02))
    async with cutting(server.port) as cutter, Client(cutter.url, patience=5) as far:
        reading = asyncio.create_task(whole(far, id))
        await heard_something(cutter)
        await cutter.down()
        await asyncio.sleep(0.3)
        await cutter.up()

        heard = await reading

    assert [seq for seq, _ in heard] == list(range(1, len(heard) + 1))


async def test_patience_has_an_end(client: Client, server: Served) -> None:
    id = await store(client, paced(0.02))
    async with cutting(server.port) as cutter, Client(cutter.url, patience=0.2) as far:
        reading = asyncio.create_task(whole(far, id))
        await heard_something(cutter)
        await cutter.down()

        with pytest.raises(Unreachable, match="no connection"):
            await reading
        await cutter.up()


async def heard_something(cutter: Cutter) -> None:
    while not cutter.made:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
