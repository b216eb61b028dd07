"""What the log says of jobs and runners: enough to find them, and nothing of what they work on."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from nodetool.jobs.job import Job
from nodetool.protocol import frames
from nodetool.runner.pulse import Place
from tests.jobs.helpers import FakeLink, alone_kind, at
from tests.jobs.house import House, complete, opened

PARAM = "what only the caller is to know"

Line = dict[str, Any]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as made:
        yield made


def run_of(house: House, job: Job) -> tuple[FakeLink, int, int]:
    """Return the runner of a job, and how frames name its run."""
    link, start = house.started(job.id)
    return link, start.job_no, start.attempt


async def fail(house: House, job: Job, error: str = "no") -> None:
    link, no, attempt = run_of(house, job)
    link.say(frames.End(no, attempt, "failed", code="node_failed", error=error, node_id="slow"))
    await job.wait()


def loud(lines: list[Any]) -> list[Line]:
    """Leave out what is not shown at the usual level."""
    return [line for line in lines if line["log_level"] != "debug"]


async def test_a_run_that_goes_well_is_quiet(house: House) -> None:
    with capture_logs() as lines:
        job = await house.start(text=PARAM)
        complete(house, job.id, out=PARAM)
        await job.wait()

    assert loud(lines) == []
    assert [(line["event"], line["job_id"]) for line in lines] == [("job.accepted", job.id), ("job.ended", job.id)]


async def test_a_job_that_failed_has_a_line_with_the_reason(house: House) -> None:
    job = await house.start()
    with capture_logs() as lines:
        await fail(house, job, "no " + "x" * 10_000)

    (line,) = lines
    assert (line["event"], line["log_level"], line["job_id"]) == ("job.failed", "info", job.id)
    assert (line["code"], line["node_id"], line["attempt"]) == ("node_failed", "slow", 1)
    assert line["error"].startswith("no x")
    assert len(line["error"]) == 1_000


@pytest.mark.parametrize(("node_id", "event"), [("slow", "node.failed"), ("", "engine.failed")])
async def test_a_trace_is_one_line_that_names_the_job_and_the_node(house: House, node_id: str, event: str) -> None:
    job = await house.start()
    link, no, attempt = run_of(house, job)
    with capture_logs() as lines:
        link.say(frames.Raised(no, attempt, node_id, node_id and "my.Type", "Traceback\nValueError: no"))
        link.say(frames.Raised(no, attempt + 1, node_id, "", "of another attempt"))

    (line,) = lines
    assert (line["event"], line["job_id"], line["exception"]) == (event, job.id, "Traceback\nValueError: no")
    assert (line.get("node_id", ""), line.get("node_type", "")) == (node_id, node_id and "my.Type")


async def test_what_is_printed_names_the_job_where_that_is_known(house: House) -> None:
    shared, alone = await house.start(), await house.start(alone_kind())
    with capture_logs() as lines:
        for job in (shared, alone):
            link, _, _ = run_of(house, job)
            house.jobs._supervisor.on_print(link, "hello")

    assert [(line["event"], line["line"], line.get("job_id")) for line in lines] == [
        ("runner.print", "hello", None),
        ("runner.print", "hello", alone.id),
    ]


async def test_a_runner_that_died_names_the_job_that_it_was_at_and_each_that_begins_again(house: House) -> None:
    first, second = await house.start(), await house.start()
    link, no, _ = run_of(house, second)
    link.at = Place(no, 0)
    with capture_logs() as lines:
        link.lose()

    said = {line["event"]: line for line in lines}
    assert (said["runner.lost"]["job_id"], said["runner.lost"]["jobs"]) == (second.id, 2)
    assert (said["runner.lost"]["by"], said["runner.lost"]["log_level"]) == ("died", "warning")
    again = [line for line in lines if line["event"] == "job.requeued"]
    assert [(line["job_id"], line["attempt"]) for line in again] == [(first.id, 2), (second.id, 2)]


async def test_a_runner_that_is_killed_names_the_job_that_would_not_stop(house: House) -> None:
    job = await house.start(alone_kind())
    link, _, _ = run_of(house, job)
    with capture_logs() as lines:
        await house.jobs.cancel("1", job.id)
        await at(lambda: link.kills)
        link.lose()
        await job.wait()

    said = {line["event"]: line for line in lines}
    assert (said["runner.killed"]["job_id"], said["runner.killed"]["pid"]) == (job.id, link.pid)
    assert said["runner.lost"]["log_level"] == "debug"
    assert house.jobs.tally.runners_ended == {"overdue": 1}


async def test_no_line_holds_a_param(house: House) -> None:
    with capture_logs() as lines:
        failing, lost = await house.start(text=PARAM), await house.start(alone_kind(), text=PARAM)
        await fail(house, failing)
        for _ in range(3):
            link, _, _ = run_of(house, lost)
            link.lose()
        await lost.wait()

    assert {line["event"] for line in loud(lines)} >= {"job.failed", "job.requeued", "runner.lost"}
    assert PARAM not in repr(lines)
