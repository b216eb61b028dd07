"""The figures are those of the rooms: nothing is counted twice, and nothing is left out."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from nodetool.jobs.tally import Spread
from nodetool.metrics import INTERVAL, Lag, Metrics
from nodetool.protocol import codec, frames
from tests.jobs.helpers import alone_kind, at, events_frame
from tests.jobs.house import House, complete, opened


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as made:
        yield made


def figures(house: House, lag: Lag | None = None, **connections: int) -> dict[str, Any]:
    """Return the value of each figure; of a histogram its count and its sum."""
    metrics = Metrics(house.jobs, house.store.writer, lag or Lag(), os.getpid())
    return {
        figure.name.removeprefix("nodetool_"): told(figure.value) if isinstance(figure.value, Spread) else figure.value
        for figure in metrics.figures(connections)
    }


def told(spread: Spread) -> tuple[int, float]:
    return sum(spread.buckets), round(spread.sum, 6)


async def test_jobs_are_counted_by_what_became_of_them(house: House) -> None:
    done, failed, gone, under_way = [await house.start() for _ in range(4)]
    complete(house, done.id)
    link, start = house.started(failed.id)
    link.say(frames.End(start.job_no, 1, "failed", code="node_failed", error="no"))
    await house.jobs.cancel("1", gone.id)
    link.say(frames.End(house.started(gone.id)[1].job_no, 1, "cancelled"))
    for job in (done, failed, gone):
        await job.wait()
    shown = figures(house)

    assert (shown["jobs_accepted"], shown["jobs_running"], shown["jobs_queued"]) == (4, 1, 0)
    assert shown["jobs_ended"] == {"completed": 1, "failed": 1, "cancelled": 1}
    assert shown["job_wait_seconds"][0] == 4
    assert shown["job_run_seconds"][0] == shown["job_seconds"][0] == 3
    assert under_way.started_us


async def test_a_run_takes_the_time_from_its_start_and_a_job_also_what_it_waited(house: House) -> None:
    jobs = [await house.start(alone_kind()) for _ in range(100)]
    waiting = [job for job in jobs if job.status == "queued"]
    house.clock.us += 5_000_000
    shown = figures(house)
    assert (shown["jobs_queued"], shown["jobs_running"]) == (len(waiting), 100 - len(waiting))
    assert 5 < shown["jobs_queued_oldest_seconds"] < 6
    first = next(job for job in jobs if job.status == "running")
    complete(house, first.id)
    await first.wait()
    await at(lambda: waiting[0].status == "running")
    complete(house, waiting[0].id)
    await waiting[0].wait()
    shown = figures(house)

    ran, took = shown["job_run_seconds"], shown["job_seconds"]
    assert ran[0] == took[0] == 2
    assert 5 < ran[1] < 6
    assert 10 < took[1] < 11


async def test_every_stored_event_is_counted_once_however_it_is_stored(house: House) -> None:
    job = await house.start()
    link, start = house.started(job.id)
    link.say(events_frame(job, 2, 3))
    await at(lambda: job.stored_seq == 3)
    link.lose()  # an event between two attempts
    link, start = house.started(job.id)
    last = frames.End(job.no, start.attempt, "completed", codec.to_msgpack({}))
    link.say(events_frame(job, 5, 6, attempt=2), last)
    await job.wait()
    shown = figures(house)

    assert (await house.jobs.job("1", job.id)).last_seq == 7
    assert shown["events"] == 6  # the first one is the job itself
    assert shown["attempts_requeued"] == 1
    assert shown["operations"] > shown["commits"] > 0


async def test_runners_are_counted_by_what_they_are_for_and_why_they_ended(house: House) -> None:
    alone = await house.start(alone_kind())
    link, _ = house.started(alone.id)
    link.size = 1000
    house.links[0].size = 500
    shown = figures(house)
    assert shown["runners"] == {"shared": 1, "alone": 1, "idle": 0}
    assert shown["memory_bytes"]["runners"] == 1500
    assert shown["memory_bytes"]["server"] > 1 << 20
    complete(house, alone.id)
    await alone.wait()
    house.links[0].lose()
    shown = figures(house)

    assert shown["runners"] == {"shared": 1, "alone": 0, "idle": 1}
    assert shown["runners_ended"]["died"] == 1
    assert sum(shown["runners_ended"].values()) == 1


async def test_readers_are_those_that_follow_a_live_job(house: House) -> None:
    job = await house.start()
    cursors = [job.events() for _ in range(3)]
    assert figures(house)["readers"] == 3
    cursors[0].close()
    assert figures(house)["readers"] == 2
    complete(house, job.id)
    await job.wait()

    assert figures(house)["readers"] == 0


async def test_connections_are_shown_as_they_are_given(house: House) -> None:
    assert figures(house, socket=3)["connections"] == {"socket": 3}


async def test_the_lag_is_how_late_a_timer_was_and_its_worst_is_told_once(house: House) -> None:
    lag = Lag()
    lag.open()
    await asyncio.sleep(INTERVAL - 0.1)
    time.sleep(0.3)  # holds the loop up
    async with asyncio.timeout(5):
        while not lag.last:
            await asyncio.sleep(0.01)
    lag.close()

    shown: Mapping[str, float] = figures(house, lag)
    assert 0.1 < shown["loop_lag_seconds"] <= shown["loop_lag_worst_seconds"]
    assert figures(house, lag)["loop_lag_worst_seconds"] == 0
