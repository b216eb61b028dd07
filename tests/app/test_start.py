"""How a server starts: what it imports, where it listens, what it answers meanwhile."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from nodetool.app import open_rooms
from nodetool.config import Config
from nodetool.jobs.clock import LoopClock
from nodetool.protocol.errors import HomeInUse
from nodetool.server.listener import Front, bind, listening
from nodetool.server.options import Options
from nodetool.storage.sqlite import Store, open_store
from nodetool.storage.transaction import Sync


def imported_with(module: str) -> set[str]:
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_command_imports_only_what_it_needs() -> None:
    """Each of these costs more than all of ours together."""
    assert not {"litestar", "uvicorn", "structlog", "rich", "sqlite3"} & imported_with("nodetool.cli.command")
    assert not {"litestar", "uvicorn"} & imported_with("nodetool.cli.resting")
    assert not {"litestar", "uvicorn", "structlog", "rich", "sqlite3"} & imported_with("nodetool.cli.remote")


def test_rooms_open_without_the_web_framework_and_without_nodes() -> None:
    imported = imported_with("nodetool.app")

    assert not {"litestar", "uvicorn", "cryptography", "httpx2"} & imported
    assert not {"nodetool.nodes", "nodetool.engine", "nodetool.sdk"} & imported


def test_a_server_listens_before_the_web_framework_is_imported() -> None:
    assert "litestar" not in imported_with("nodetool.cli.serving")


def test_a_taken_port_is_passed_over_only_where_a_search_is_asked_for() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", port)
        with bind("127.0.0.1", port, search=True) as second:
            assert port < second.getsockname()[1] <= port + 100


def test_a_search_ends_at_the_last_port() -> None:
    with bind("127.0.0.1", 65_535, search=True) as sock:
        assert sock.getsockname()[1] == 65_535


async def answer(app: Any, path: str) -> tuple[int, Any]:
    said: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        said.append(message)

    await app({"type": "http", "path": path, "method": "GET"}, None, send)
    return said[0]["status"], json.loads(said[1]["body"])


@pytest.mark.parametrize("path", ["/health", "/ping"])
async def test_a_server_that_starts_is_alive(path: str) -> None:
    status, body = await answer(Front(), path)

    assert (status, body["status"]) == (200, "healthy")


@pytest.mark.parametrize("path", ["/ready", "/api/workflows/"])
async def test_a_server_that_starts_is_not_ready(path: str) -> None:
    status, body = await answer(Front(), path)

    assert (status, body["status"], body["code"]) == (503, 503, "not_ready")


async def test_who_listens_answers_from_the_first_moment_and_lets_go_at_the_end() -> None:
    sock = bind("127.0.0.1", 0)
    address = sock.getsockname()
    ended: list[bool] = []
    async with listening(sock, Options(), on_end=lambda: ended.append(True)):
        assert (await _ask(address, "/health")).startswith(b"HTTP/1.1 200")
        assert not ended

    assert ended
    with pytest.raises(ConnectionRefusedError):
        await _ask(address, "/health")


async def _ask(address: tuple[str, int], path: str) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    reply = await reader.read()
    writer.close()
    return reply


async def test_rooms_close_what_they_opened(tmp_path: Path) -> None:
    config = Config(home=tmp_path / "home", runners=0)
    async with open_rooms(config) as rooms:
        assert rooms.catalogue.get("nodetool.text.Concat")
        with pytest.raises(HomeInUse):
            async with open_rooms(config):
                pass
    async with open_rooms(config):
        pass


class Seven(LoopClock):
    """Always the same moment."""

    def now_us(self) -> int:
        return 7


async def test_rooms_stand_on_the_store_and_the_clock_that_they_are_given(tmp_path: Path) -> None:
    opened: list[Path] = []

    def open_seen(home: Path, *, sync: Sync) -> Store:
        opened.append(home)
        return open_store(home, sync=sync)

    config = Config(home=tmp_path / "home", runners=0)
    async with open_rooms(config, open_store=open_seen, clock=Seven()) as rooms:
        job = await rooms.jobs.start_graph("1", b'{"nodes": [], "edges": []}', {})
        await job.wait()

    assert (opened, job.created_us) == ([config.folder], 7)


def test_no_ipv6_is_no_failure() -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with bind("::1", 0) as sock:
        assert sock.family is socket.AF_INET6
