"""Figures of the machine, for whoever watches."""

import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from nodetool.auth.identity import Identity
from nodetool.server.system import Machine, memory, processor_time
from tests.server.fakes import FakeAsking, House
from tests.server.live import Live, live
from tests.server.talk import talking

MEMINFO = "MemTotal:  4194304 kB\nMemFree: 1 kB\nMemAvailable: 1048576 kB\n"


def updates(server: Live) -> str:
    return server.socket_url.replace("/predict", "/updates")


async def test_figures_come_as_text_each_second(editor: Live) -> None:
    async with connect(updates(editor)) as socket:
        first, second = [json.loads(await socket.recv(decode=True)) for _ in range(2)]

    assert first["type"] == second["type"] == "system_stats"
    assert first["stats"].keys() == {
        "cpu_percent",
        "memory_total_gb",
        "memory_used_gb",
        "memory_percent",
        "vram_total_gb",
        "vram_used_gb",
        "vram_percent",
    }
    assert 0 <= second["stats"]["cpu_percent"] <= 100
    assert 0 < second["stats"]["memory_used_gb"] < second["stats"]["memory_total_gb"]


async def test_they_are_for_those_who_may_come_in() -> None:
    house = House()
    house.asking = FakeAsking(None, alice=Identity(user="alice"))
    async with live(house) as server:
        async with talking(f"{updates(server)}?token=alice") as talk:
            assert (await talk.hear())["type"] == "system_stats"
        async with talking(updates(server)) as talk:
            await talk.socket.send('{"auth_token": "alice"}')
            assert (await talk.hear())["type"] == "system_stats"
        async with talking(f"{updates(server)}?token=mallory") as talk:
            assert (await talk.closing())[0] == 1008


async def test_a_foreign_page_does_not_see_them(editor: Live) -> None:
    async with talking(updates(editor), additional_headers={"Origin": "https://evil.example"}) as talk:
        assert (await talk.closing())[0] == 1008


async def test_who_watches_is_told_when_the_server_stops(editor: Live) -> None:
    async with talking(updates(editor)) as talk:
        await talk.hear()
        await editor.site.shutdown()

        assert await talk.closing() == (1012, "the server restarts")


async def test_a_worker_has_none(worker: Live) -> None:
    assert (await worker.http.get("/updates")).status_code == 404


async def test_without_a_socket_there_is_no_such_page(editor: Live) -> None:
    assert (await editor.http.get("/updates")).status_code == 404


def test_busy_is_what_is_neither_idle_nor_waits_for_a_disk() -> None:
    assert processor_time("cpu  10 1 4 100 20 2 3 0 7 7\ncpu0 1 1 1 1 1 1 1 1 1 1\n") == (20, 140)


def test_memory_that_can_be_had_is_not_used() -> None:
    assert memory(MEMINFO) == (4 << 30, 3 << 30)


def test_figures_are_of_the_time_since_the_last(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text(MEMINFO)
    machine = Machine(tmp_path)
    percents = []
    for busy, idle in ((50, 50), (60, 140), (160, 140)):
        (tmp_path / "stat").write_text(f"cpu {busy} 0 0 {idle} 0 0 0 0\n")
        percents.append(machine.figures().stats.cpu_percent)

    assert percents == [0.0, 10.0, 100.0]
    assert machine.figures().stats.memory_percent == 75.0


def test_where_the_machine_shows_nothing_there_are_figures_all_the_same(tmp_path: Path) -> None:
    stats = Machine(tmp_path).figures().stats

    assert stats.memory_total_gb > 0
    assert stats.cpu_percent == pytest.approx(50, abs=50)
