import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.errors import StorageFailed
from nodetool.server.streams import WRITE_BYTES, writes
from tests.server.fakes import FakeJob
from tests.server.live import Live, live
from tests.server.test_runs import until
from tests.server.wire import request

LINES = "POST /api/workflows/wf/run?stream=true HTTP/1.1"
SSE = "POST /api/workflows/wf/run/stream HTTP/1.1"


def finish(job: FakeJob) -> None:
    job.run()
    job.say("one", "two")
    job.complete(text="grüße 🎉")


@given(st.lists(st.integers(0, WRITE_BYTES * 2)), st.sampled_from([b"\n", b"\n\n"]))
def test_writes_hold_whole_frames_and_at_most_16_kib_or_one_longer_frame(sizes: list[int], gap: bytes) -> None:
    frames = [bytes([65 + i % 26]) * size + gap for i, size in enumerate(sizes)]

    made = list(writes(b"".join(frames), gap))

    assert b"".join(made) == b"".join(frames)
    assert all(body.endswith(gap) for body in made)
    assert all(len(body) <= WRITE_BYTES or body in frames for body in made)


async def test_lines_are_events_and_the_last_is_the_end(editor: Live) -> None:
    editor.jobs.script = finish

    answer = await editor.http.post("/api/workflows/wf/run?stream=true", headers={"Accept": "text/event-stream"})
    events = [json.loads(line) for line in answer.text.splitlines()]

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["nodetool-job-id"] == editor.jobs.newest.id
    assert [event["seq"] for event in events] == [1, 2, 3, 4, 5]
    assert [event["type"] for event in events] == [
        "job_update", "job_update", "log_update", "log_update", "job_update",
    ]  # fmt: skip
    assert events[-1]["status"] == "completed"
    assert events[-1]["result"] == {"text": "grüße 🎉"}
    assert answer.text.isascii()


@pytest.mark.parametrize("flag", ["true", "1"])
async def test_stream_may_be_true_or_1(editor: Live, flag: str) -> None:
    editor.jobs.script = finish

    answer = await editor.http.post(f"/api/workflows/wf/run?stream={flag}")

    assert len(answer.text.splitlines()) == 5


@pytest.mark.parametrize("flag", ["false", "0"])
async def test_stream_may_be_false_or_0(editor: Live, flag: str) -> None:
    editor.jobs.script = finish

    assert (await editor.http.post(f"/api/workflows/wf/run?stream={flag}")).json() == {"text": "grüße 🎉"}


async def test_what_one_commit_brought_is_one_write(editor: Live) -> None:
    async with request(editor.port, LINES) as answer:
        first = await answer.chunk()
        editor.jobs.newest.say("one", "two", "three")
        second = await answer.chunk()

    assert first.count(b"\n") == 1
    assert [json.loads(line)["content"] for line in second.splitlines()] == ["one", "two", "three"]


async def test_a_large_commit_is_cut_between_lines(editor: Live) -> None:
    def talk(job: FakeJob) -> None:
        job.say(*["x" * 1000] * 50, "y" * 50_000, "z")
        job.complete()

    editor.jobs.script = talk
    async with request(editor.port, LINES) as answer:
        chunks = await answer.chunks()

    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert [len(chunk) for chunk in chunks if len(chunk) > WRITE_BYTES] == [len(c) for c in chunks if b"yyy" in c]
    assert sum(chunk.count(b"\n") for chunk in chunks) == 54
    assert len(chunks) < 10


async def test_an_empty_line_breaks_the_silence() -> None:
    async with live(silence=0.02) as server, request(server.port, LINES) as answer:
        await answer.chunk()
        silent = [await answer.chunk(), await answer.chunk()]
        server.jobs.newest.complete()
        rest = b"".join(await answer.chunks())

    assert silent == [b"\n", b"\n"]
    assert json.loads(rest.strip())["status"] == "completed"


async def test_server_sent_events_carry_their_numbers_and_say_when_it_is_over(editor: Live) -> None:
    editor.jobs.script = finish

    answer = await editor.http.post("/api/workflows/wf/run/stream")
    blocks = answer.text.split("\n\n")

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["cache-control"] == "no-cache"
    assert "content-encoding" not in answer.headers
    assert blocks[-2:] == ["data: [DONE]", ""]
    assert [block.split("\n")[0] for block in blocks[:-2]] == [f"id: {seq}" for seq in range(1, 6)]
    data = [block.split("\n")[1] for block in blocks[:-2]]
    assert all(line.startswith("data: {") and line.isascii() for line in data)
    assert json.loads(data[-1].removeprefix("data: "))["status"] == "completed"


async def test_a_comment_breaks_the_silence_of_server_sent_events() -> None:
    async with live(silence=0.02) as server, request(server.port, SSE) as answer:
        await answer.chunk()
        silent = await answer.chunk()

    assert silent == b": \n\n"


async def test_the_head_of_a_stream_waits_for_the_accept(editor: Live) -> None:
    editor.jobs.script = lambda job: job.is_accepted.clear()
    asked: asyncio.Task[Any] = asyncio.create_task(head(editor.port))
    await until(lambda: editor.jobs.all)
    await asyncio.sleep(0.02)
    assert not asked.done()

    editor.jobs.newest.is_accepted.set()

    assert (await asked)["nodetool-job-id"] == editor.jobs.newest.id


async def head(port: int) -> dict[str, str]:
    async with request(port, LINES) as answer:
        return answer.headers


@pytest.mark.parametrize("line", [LINES, SSE])
async def test_a_reader_that_leaves_closes_its_cursor_and_does_not_touch_the_run(editor: Live, line: str) -> None:
    async with request(editor.port, line) as answer:
        await answer.chunk()
    job = editor.jobs.newest

    await until(lambda: job.cursors[0].is_closed)

    assert (job.cancels, job.status) == (0, "queued")


async def test_a_reader_that_stops_reading_takes_no_more_from_the_log(editor: Live) -> None:
    async with request(editor.port, LINES) as answer:
        await answer.chunk()
        job = editor.jobs.newest
        for _ in range(200):
            job.say("x" * 100_000)
        await asyncio.sleep(0.2)
        taken = job.cursors[0].after
        assert taken < job.last_seq
        job.complete()
        lines = b"".join(await answer.chunks()).splitlines()

    assert len(lines) == 201
    assert job.cursors[0].is_closed


async def test_a_stream_that_breaks_is_cut_off_and_its_cursor_closed(editor: Live) -> None:
    async with request(editor.port, LINES) as answer:
        await answer.chunk()
        job = editor.jobs.newest
        job.cursors[0].error = StorageFailed()
        job.say("never sent")
        with pytest.raises(asyncio.IncompleteReadError):
            await answer.chunk()

    assert job.cursors[0].is_closed


async def test_a_shutdown_ends_a_stream_between_lines(editor: Live) -> None:
    async with request(editor.port, LINES) as answer:
        await answer.chunk()
        await editor.site.shutdown()
        rest = await answer.chunks()

    assert rest == []
    assert editor.jobs.newest.cursors[0].is_closed
    assert editor.jobs.newest.cancels == 0
