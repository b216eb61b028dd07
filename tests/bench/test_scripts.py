"""Every script measures something, with every answer checked; how fast it is, is not a test's business."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench import accept, graphs, machine
from bench.__main__ import BEGIN, END, SCRIPTS, scaled, write
from bench.cancel import Times
from bench.chain import Sizes
from bench.echo import FIFTY
from bench.idle import Sockets, allow_files
from bench.load import Address, Connection, Failed, call, is_exactly
from bench.recover import Unfinished
from bench.runs import SCRIPT, Load, Runs
from bench.script import Options, Script, json_lines, quantile
from bench.sockets import Event, masked
from bench.start import Starts
from bench.stream import LineCounter, Streams, complete
from bench.talk import Talks
from bench.waiting import Waits

SMALL: dict[str, Options] = {
    "runs": Load(rounds=1, seconds=0.1, clients=(2,), sync=("full",)),
    "accept": accept.Load(rounds=1, seconds=0.1, clients=2, sync=("full",)),
    "talk": Talks(rounds=1, seconds=0.1, connections=(2,), sync=("full",)),
    "stream": Streams(rounds=1, items=(100,)),
    "chain": Sizes(rounds=1, chains=(1, 10), fans=(10,), huge=(20,)),
    "cancel": Times(times=2, hard=1),
    "waiting": Waits(runs=20, sleep=0.2),
    "idle": Sockets(rounds=1, sockets=20, settle=0.0),
    "start": Starts(rounds=1, settle=0.0),
    "recover": Unfinished(jobs=(20,), workflows=2),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("script", SCRIPTS, ids=[script.name for script in SCRIPTS])
def test_a_script_measures_as_many_rows_as_it_says(script: Script[Any]) -> None:
    ticks: list[None] = []
    rows = script.rows(SMALL[script.name], lambda: ticks.append(None))

    assert len(rows) == len(ticks) == script.count(SMALL[script.name])
    lines = [msgspec.json.decode(line) for line in json_lines(script.name, rows).splitlines()]
    assert {line["bench"] for line in lines} == {script.name}
    assert len({tuple(line) for line in lines}) == 1


@pytest.mark.timeout(60)
def test_a_script_prints_json_from_the_command_line(root: Path) -> None:
    small = ["--chains", "1", "--fans", "2", "--huge", "3", "--rounds", "1"]
    command = [sys.executable, "-m", "bench.chain", *small, "--json"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)

    assert [msgspec.json.decode(line)["graph"] for line in done.stdout.splitlines()] == [
        "chain",
        "chain, new, first run",
        "chain, every event over a socket",
        "fan-out and back",
        "chain, limits raised",
    ]


def test_the_readme_gets_its_tables_between_two_marks(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    row = Runs(
        sync="full",
        clients=16,
        rate=12_345.6,
        p50=1.234,
        p99=4.56,
        server=70.1,
        runner=9.0,
        echo_rate=25_000.0,
        echo_p50=0.5,
        echo_cpu=36.0,
        ratio=0.4938,
    )

    write(page, "here and now", {SCRIPT: [row]})

    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\nhere and now\n")
    assert text.endswith(f"{END}after\n")
    assert "| full | 16 | 12,346 | 1.23 | 4.56 | 70.1 | 9.00 | 25,000 | 0.50 | 36.0 | 0.49 |" in text
    assert "old" not in text


def test_options_of_the_command_line_reach_the_scripts_that_have_them() -> None:
    assert scaled(Load(), 1.5, 7) == Load(seconds=1.5, rounds=7)
    assert scaled(Sizes(), 1.5, 7) == Sizes(rounds=7)
    assert scaled(Times(), 1.5, 7) == Times()
    assert scaled(Load(), None, None) == Load()


def test_the_echo_answers_fifty_bytes() -> None:
    assert len(FIFTY) == 50


def test_the_machine_is_described() -> None:
    assert "cores" in machine.described()


# The client.


@asynccontextmanager
async def answering(*pieces: bytes) -> AsyncIterator[Address]:
    """Serve the same bytes, in these pieces, to whatever is asked. The block leaves no connection open."""
    visits: list[asyncio.Task[Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.extend(filter(None, [asyncio.current_task()]))
        while await reader.read(65536):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Address("127.0.0.1", server.sockets[0].getsockname()[1])
        await asyncio.gather(*visits)


SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"


@pytest.mark.parametrize("answer", [SIZED, CHUNKED])
@pytest.mark.parametrize("cut", [1, 12, 40, 50])
async def test_an_answer_is_read_wherever_it_is_cut(answer: bytes, cut: int) -> None:
    async with answering(answer[:cut], answer[cut:]) as address:
        connection = await address.connect(Connection)
        for _ in range(2):
            assert await connection.ask(address.request("GET", "/")) == (200, b"hello")
        connection.close()


async def test_calls_are_counted() -> None:
    async with answering(SIZED[:20], SIZED[20:]) as address:
        tally = await call(address, address.request("GET", "/"), is_exactly(b"hello"), clients=2, seconds=0.1)

    assert len(tally.latencies) >= 2
    assert tally.rate > 0


async def test_a_wrong_answer_is_no_number() -> None:
    async with answering(SIZED) as address:
        with pytest.raises(Failed, match=r"wrong answers, the first: HTTP/1\.1 200 OK"):
            await call(address, address.request("GET", "/"), is_exactly(b"jello"), clients=1, seconds=0.05)


def test_jobs_that_did_not_complete_are_no_number() -> None:
    names = [f'nodetool_jobs_ended_total{{status="{status}"}}' for status in ("cancelled", "completed", "failed")]
    before, now = dict(zip(names, (1, 5, 2), strict=True)), dict(zip(names, (1, 8, 2), strict=True))

    assert accept.completed(before, now | {"nodetool_readers": 3}) == 3
    with pytest.raises(Failed, match="did not complete"):
        accept.completed(before, now | {names[2]: 3})


def test_more_files_than_are_allowed_are_no_number() -> None:
    with pytest.raises(Failed, match="ulimit"):
        allow_files(1 << 40)


def test_lines_are_counted_wherever_they_are_cut() -> None:
    text = b'{"seq":1}\n{"seq":2}\n{"seq":33}\n'
    for size in range(1, len(text) + 1):
        lines = LineCounter()
        for start in range(0, len(text), size):
            lines.take(text[start : start + size])

        assert (lines.count, lines.last) == (3, b'{"seq":33}\n')


def test_a_stream_with_a_gap_is_no_number() -> None:
    complete(12, Event(type="job_update", status="completed", seq=12))
    with pytest.raises(Failed):
        complete(11, Event(type="job_update", status="completed", seq=12))


@pytest.mark.parametrize("size", [0, 3, 125, 126, 65_536])
def test_a_frame_is_masked(size: int) -> None:
    frame = masked(2, b"x" * size)
    mask, payload = frame[-size - 4 : len(frame) - size], frame[len(frame) - size :]

    assert frame[0] == 0x82
    assert frame[1] & 0x80
    assert bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) == b"x" * size


def test_a_quantile_is_one_of_the_numbers() -> None:
    assert [quantile([3.0, 1.0, 2.0, 4.0], part) for part in (0.0, 0.5, 0.99)] == [1.0, 3.0, 4.0]


def test_graphs_have_the_sizes_they_say() -> None:
    assert len(graphs.chain(10)["nodes"]) == 12
    assert len(graphs.fan(10)["edges"]) == 21
