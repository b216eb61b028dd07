"""One server has a home at a time, and its death, however sudden, gives the home back. Commands find it there."""

import asyncio
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nodetool.protocol.errors import HomeInUse
from nodetool.storage.home import ADDRESS, Address, Home, is_home, own_home, take_home

HOLDER = """
import subprocess, sys
from pathlib import Path
from nodetool.storage.home import Home

Home.open(Path(sys.argv[1]))
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "home"

    with Home.open(path) as home:
        assert home.path == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_home_that_is_there_keeps_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    mode = tmp_path.stat().st_mode

    Home.open(tmp_path).close()

    assert (tmp_path / "mine").read_text() == "mine"
    assert tmp_path.stat().st_mode == mode


def test_a_second_server_is_told_which_process_has_the_home(tmp_path: Path) -> None:
    with Home.open(tmp_path), pytest.raises(HomeInUse, match=re.escape(f"(process {os.getpid()})")):
        Home.open(tmp_path)


def test_a_home_that_was_closed_can_be_opened_again(tmp_path: Path) -> None:
    home = Home.open(tmp_path)
    home.close()
    home.close()

    Home.open(tmp_path).close()


def test_a_holder_that_left_no_number_is_still_a_holder(tmp_path: Path) -> None:
    with Home.open(tmp_path):
        (tmp_path / "lock").write_text("")
        with pytest.raises(HomeInUse, match=r"^Another server uses this home\.$"):
            Home.open(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is of POSIX")
def test_a_killed_server_gives_the_home_back_though_its_child_lives(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    child = int(holder.stdout.readline())
    try:
        with pytest.raises(HomeInUse, match=str(holder.pid)):
            Home.open(tmp_path)
        os.kill(child, signal.SIGSTOP)  # or it would end with the pipe
        holder.kill()
        holder.wait()
        os.kill(child, 0)

        Home.open(tmp_path).close()
    finally:
        os.kill(child, signal.SIGKILL)
        holder.stdin.close()
        holder.stdout.close()


async def test_a_home_that_nobody_has_is_taken(tmp_path: Path) -> None:
    found = await take_home(tmp_path)

    assert isinstance(found, Home)
    with found, pytest.raises(HomeInUse):
        Home.open(tmp_path)


async def test_a_server_that_has_a_home_is_found_there(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        home.announce("http://127.0.0.1:8000")

        assert await take_home(tmp_path) == Address("http://127.0.0.1:8000", os.getpid(), "/api")
        with pytest.raises(HomeInUse, match=re.escape(f"(process {os.getpid()})")):
            await own_home(tmp_path)


def test_where_a_server_listens_is_for_its_user_alone_and_gone_with_it(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        home.announce("http://127.0.0.1:8000")
        home.announce("http://127.0.0.1:8001")

        assert stat.S_IMODE((tmp_path / ADDRESS).stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["lock"]


@pytest.mark.parametrize("left", [b'{"url":"http://127.0.0.1:1","pid":1}', b'{"url"', b""], ids=["pid", "cut", "empty"])
async def test_what_another_process_said_does_not_count(tmp_path: Path, left: bytes) -> None:
    with Home.open(tmp_path):
        (tmp_path / ADDRESS).write_bytes(left)

        with pytest.raises(HomeInUse):
            await take_home(tmp_path, seconds=0)


async def test_what_a_killed_server_said_is_gone_when_the_home_is_taken(tmp_path: Path) -> None:
    (tmp_path / ADDRESS).write_bytes(b'{"url":"http://127.0.0.1:1","pid":%d}' % os.getpid())

    with Home.open(tmp_path), pytest.raises(HomeInUse):
        await take_home(tmp_path, seconds=0)


async def test_a_home_that_is_let_go_of_is_waited_for(tmp_path: Path) -> None:
    holder = Home.open(tmp_path)
    asyncio.get_running_loop().call_later(0.1, holder.close)

    (await own_home(tmp_path)).close()


async def test_a_server_that_does_not_say_yet_where_it_listens_is_waited_for(tmp_path: Path) -> None:
    with Home.open(tmp_path) as home:
        asyncio.get_running_loop().call_later(0.1, home.announce, "http://127.0.0.1:8000")

        assert isinstance(await take_home(tmp_path), Address)


def test_a_home_is_one_once_somebody_had_it(tmp_path: Path) -> None:
    assert not is_home(tmp_path / "home")

    Home.open(tmp_path / "home").close()

    assert is_home(tmp_path / "home")
