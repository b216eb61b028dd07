"""Packs: written, listed, and told if they are broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodetool.cli.pack import files, write
from nodetool.cli.source import WrongUsage
from tests.cli.command import PACK, nodetool


@pytest.mark.timeout(60)  # it starts a pytest of its own
def test_a_new_pack_has_tests_that_pass(tmp_path: Path, home: Path) -> None:
    done = nodetool("nodes", "new", "my-pack", "--folder", tmp_path / "my-pack", home=home)
    assert (done.code, done.err) == (0, "")

    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        check=False,
        cwd=tmp_path / "my-pack",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "my-pack" / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )

    assert "3 passed" in tested.stdout, tested.stdout + tested.stderr


def test_the_nodes_of_a_new_pack_are_found(tmp_path: Path, home: Path) -> None:
    list(write("my-pack", tmp_path / "my-pack"))
    file = tmp_path / "my-pack" / "src" / "my_pack" / "__init__.py"

    listed = nodetool("nodes", "packs", "--nodes", file, home=home)

    assert listed.lines[-1].split() == ["my_pack", "1"]


def test_a_new_pack_is_registered_by_entry_point() -> None:
    assert '[project.entry-points."nodetool.nodes"]\nmy-pack = "my_pack"\n' in files("my-pack")["pyproject.toml"]


@pytest.mark.parametrize("name", ["", "My", "1a", "a_b", "a/b", "../a", "a-"])
def test_a_pack_has_a_name_that_can_be_installed(name: str) -> None:
    with pytest.raises(WrongUsage, match="a pack cannot be called"):
        files(name)


def test_nothing_is_written_over(tmp_path: Path, home: Path) -> None:
    done = nodetool("nodes", "new", "my-pack", "--folder", tmp_path, home=home)

    assert (done.code, list(tmp_path.iterdir())) == (2, [home] if home.parent == tmp_path and home.exists() else [])
    assert "is there already" in done.err


def test_packs_are_listed_with_their_errors(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_this_name\n")

    done = nodetool("nodes", "packs", "--json", "--nodes", PACK, "--nodes", broken, home=home)
    found = {one["name"]: one for one in done.json}

    assert found["nodetool"]["nodes"] > 200
    assert found["nodetool"]["error"] is None
    assert found["broken"]["nodes"] == 0
    assert "nothing_of_this_name" in found["broken"]["error"]
