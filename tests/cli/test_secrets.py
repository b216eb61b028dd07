"""``nodetool secrets``: a home's secrets without a server."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodetool.cli import vault
from nodetool.cli.exits import Exit
from nodetool.cli.options import read_config
from nodetool.config import Config
from nodetool.protocol.errors import HomeInUse, NotFound
from nodetool.storage.home import Home
from nodetool.storage.keyfile import FILE
from tests.cli.command import Done, nodetool
from tests.graphs import through

PACK = Path(__file__).resolve().parents[1] / "pack.py"
VALUE = "sk-vault-0123456789"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def leak(tmp_path: Path) -> Path:
    file = tmp_path / "leak.json"
    file.write_text(json.dumps(through("tests.Leak")))
    return file


def test_a_secret_comes_from_stdin_and_only_its_name_is_listed(house: Path) -> None:
    made = nodetool("secrets", "set", "VAULT_KEY", home=house, stdin=f"{VALUE}\n")
    listed = nodetool("secrets", "list", home=house)

    assert (made.code, made.out, made.err) == (0, "", "")
    assert listed.lines[0].split() == ["NAME", "SET"]
    assert listed.lines[1].split()[0] == "VAULT_KEY"
    assert VALUE not in listed.out
    assert (house / FILE).stat().st_mode & 0o777 == 0o600


async def test_a_secret_is_removed_and_one_of_another_user_stays(house: Path) -> None:
    config = Config(home=house)
    for user in ("1", "7"):
        await vault.store(config, user, "A", "x")

    await vault.remove(config, "1", "A")

    assert await vault.names(config, "1") == []
    assert [row.name for row in await vault.names(config, "7")] == ["A"]
    with pytest.raises(NotFound, match="no secret 'A'"):
        await vault.remove(config, "1", "A")


def test_an_empty_secret_is_refused(house: Path) -> None:
    assert nodetool("secrets", "set", "A", home=house).code == Exit.REFUSED


async def test_a_home_with_a_server_says_where_to_set_it(house: Path) -> None:
    with Home.open(house), pytest.raises(HomeInUse, match="PUT and DELETE /api/settings/secrets/NAME"):
        await vault.store(Config(home=house), "1", "A", "x")


def test_a_run_without_a_server_has_the_secrets_of_the_home(house: Path, leak: Path) -> None:
    asyncio.run(vault.store(Config(home=house), "1", "VAULT_KEY", VALUE))

    done = nodetool("run", leak, "--nodes", PACK, "--json", home=house)

    assert (done.code, done.json["out"]["in"]) == (0, ["Bearer ****"])
    assert VALUE not in done.out


def test_a_variable_goes_before_the_secrets_of_the_home(house: Path, leak: Path) -> None:
    asyncio.run(vault.store(Config(home=house), "1", "VAULT_KEY", "another"))
    command = [sys.executable, "-m", "nodetool", "run", str(leak), "--nodes", str(PACK), "--json"]
    env = {**os.environ, "NODETOOL_HOME": str(house), "VAULT_KEY": VALUE}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=15, check=False)

    assert (done.returncode, json.loads(done.stdout)["out"]["in"]) == (0, ["Bearer ****"])
    assert f"complained {VALUE}" in done.stderr  # the terminal is the user's own


async def test_a_change_of_keys_keeps_the_secrets(house: Path) -> None:
    config = Config(home=house)
    await vault.store(config, "1", "A", VALUE)
    before = (house / FILE).read_text()

    assert await vault.rotate(config) == (1, 0)

    assert (house / FILE).read_text() not in before
    assert await vault.stored(config, "1") == {"A": VALUE}


async def test_keys_may_come_from_the_environment(house: Path) -> None:
    await vault.store(Config(home=house), "1", "A", VALUE)
    from_file = (house / FILE).read_text().strip()
    new = Config(home=house, secrets_master_key="n" * 40)

    assert await vault.rotate(Config(home=house, secrets_master_key=f"{'n' * 40}, {from_file}")) == (1, 0)
    assert await vault.stored(new, "1") == {"A": VALUE}
    assert await vault.rotate(Config(home=house, secrets_master_key="o" * 40)) == (0, 1)
    assert await vault.stored(new, "1") == {"A": VALUE}


def rotated(house: Path, keys: str) -> Done:
    env = {**os.environ, "NODETOOL_HOME": str(house), "SECRETS_MASTER_KEY": keys}
    command = [sys.executable, "-m", "nodetool", "secrets", "rotate"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=15, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_short_key_is_refused_and_not_shown(house: Path) -> None:
    refused = rotated(house, "short-key")

    assert refused.code == Exit.USAGE
    assert "SECRETS_MASTER_KEY: a key has 32 characters at least" in refused.err
    assert "short-key" not in refused.err


def test_the_key_is_not_handed_on_to_the_processes_of_nodes(house: Path) -> None:
    os.environ["SECRETS_MASTER_KEY"] = "n" * 40
    try:
        config = read_config(home=house)

        assert config.master_keys == ["n" * 40]
        assert "SECRETS_MASTER_KEY" not in os.environ
    finally:
        os.environ.pop("SECRETS_MASTER_KEY", None)
