"""The index of node types: made by a child process, and made again when it is stale."""

import os
import sys
from pathlib import Path

import pytest

from nodetool.protocol.descriptions import Index, Pack
from nodetool.protocol.errors import ImportFailed
from nodetool.runner.index import is_current, load_index

NODE = """
from nodetool.sdk import Node

class {name}(Node):
    text: str = ""

    def process(self) -> str:
        return self.text
"""


class Site:
    """A folder of installed packages."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(self, name: str, modules: dict[str, str], *, point: str = "") -> None:
        """Install a package with an entry point for its nodes."""
        for module, source in modules.items():
            file = self.path / module
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(source)
        info = self.path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[nodetool.nodes]\n{name} = {point or name}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(path)
    monkeypatch.setenv("PYTHONPATH", str(path), prepend=os.pathsep)
    return Site(path)


def pack(index: Index, name: str) -> Pack:
    (found,) = [pack for pack in index.packs if pack.name == name]
    return found


def types(found: Pack) -> list[str]:
    return [node.node_type for node in found.nodes]


async def test_it_describes_installed_packs_and_files(tmp_path: Path, site: Site) -> None:
    site.install("acme", {"acme/__init__.py": NODE.format(name="One"), "acme/more.py": NODE.format(name="Two")})
    file = tmp_path / "mine.py"
    file.write_text(NODE.format(name="Three"))

    index = await load_index(tmp_path / "nodes.json", [str(file)])

    assert [found.name for found in index.packs] == ["nodetool", "acme", "mine"]
    assert len(types(pack(index, "nodetool"))) > 40
    assert [kind.rpartition(".")[2] for kind in types(pack(index, "acme"))] == ["One", "Two"]
    assert [kind.rpartition(".")[2] for kind in types(pack(index, "mine"))] == ["Three"]
    assert pack(index, "mine").nodes[0].path == str(file)


async def test_no_node_is_imported_by_who_asks(tmp_path: Path, site: Site) -> None:
    site.install("acme2", {"acme2/__init__.py": "", "acme2/nodes.py": NODE.format(name="One")}, point="acme2.nodes")

    index = await load_index(tmp_path / "nodes.json")

    assert len(types(pack(index, "acme2"))) == 1
    assert not [name for name in sys.modules if name.startswith("acme2")]


async def test_a_current_index_is_read_and_not_made(tmp_path: Path) -> None:
    file = tmp_path / "nodes.json"
    made = await load_index(file)
    before = file.stat().st_mtime_ns

    assert await load_index(file) == made
    assert file.stat().st_mtime_ns == before


async def test_a_changed_file_makes_it_stale(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(NODE.format(name="Three"))
    first = await load_index(tmp_path / "nodes.json", [str(mine)])
    mine.write_text(NODE.format(name="Four"))
    assert not is_current(first, [str(mine)])

    second = await load_index(tmp_path / "nodes.json", [str(mine)])

    assert types(pack(first, "mine")) != types(pack(second, "mine"))
    assert first.hash != second.hash


def test_a_touched_a_new_and_a_lost_file_make_it_stale(site: Site) -> None:
    site.install("acme3", {"acme3/__init__.py": "", "acme3/nodes/__init__.py": ""}, point="acme3.nodes")
    file = site.path / "acme3" / "nodes" / "one.py"
    file.touch()
    from nodetool.runner.describe import index

    made = index([])
    assert is_current(made, [])

    os.utime(file, ns=(1, 1))
    assert not is_current(made, [])
    made = index([])
    file.with_name("two.py").write_text("")
    assert not is_current(made, [])
    made = index([])
    (site.path / "acme3" / "__init__.py").write_text("x = 1")
    assert not is_current(made, [])
    made = index([])
    file.unlink()
    assert not is_current(made, [])


def test_other_files_make_it_stale(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("")
    from nodetool.runner.describe import index

    made = index([])
    assert not is_current(made, [str(mine)])


def test_a_package_that_is_given_is_stale_once_any_file_of_it_changes(tmp_path: Path) -> None:
    init, other = tmp_path / "my_pack" / "__init__.py", tmp_path / "my_pack" / "words.py"
    init.parent.mkdir()
    init.write_text("")
    other.write_text("")
    from nodetool.runner.describe import index

    made = index([str(init)])
    assert made.packs[-1].name == "my_pack"
    assert is_current(made, [str(init)])

    other.write_text("x = 1")
    assert not is_current(made, [str(init)])


@pytest.mark.parametrize("left", [b"", b"{", b'{"packs": 3}', b"\xff"])
async def test_an_index_that_cannot_be_read_is_made_again(tmp_path: Path, left: bytes) -> None:
    file = tmp_path / "nodes.json"
    file.write_bytes(left)

    assert len((await load_index(file)).packs) == 1


BROKEN = {
    "a syntax error": ("def", "SyntaxError"),
    "an error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "an exit": ("raise SystemExit(3)", "SystemExit: 3"),
    "a module that is missing": ("import no_such_module", "No module named 'no_such_module'"),
    "a bad node": (NODE.format(name="Bad").replace("text: str", "text: Nowhere"), "Nowhere"),
}


@pytest.mark.parametrize(("source", "message"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_pack_is_in_the_index_with_its_message(
    tmp_path: Path, site: Site, source: str, message: str
) -> None:
    site.install("whole", {"whole/__init__.py": source, "whole/nodes.py": ""}, point="whole.nodes")
    site.install("single", {"single.py": source})
    site.install("absent", {}, point="absent.nodes")
    mine = tmp_path / "mine.py"
    mine.write_text(source)

    index = await load_index(tmp_path / "nodes.json", [str(mine)])

    assert len(types(pack(index, "nodetool"))) > 40
    for name in ("single", "mine") if "Bad" in source else ("whole", "single", "mine"):
        assert message in (pack(index, name).error or "")
        assert types(pack(index, name)) == []
    assert "absent" in (pack(index, "absent").error or "")


async def test_a_pack_that_ends_the_describing_process_is_named(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("import os, sys\nprint('going', file=sys.stderr)\nos._exit(3)")

    with pytest.raises(ImportFailed, match="could not be described: going"):
        await load_index(tmp_path / "nodes.json", [str(mine)])

    assert not list(tmp_path.glob("nodes*"))


async def test_the_version_of_a_type_stands_for_the_release_and_the_code_of_its_pack(
    tmp_path: Path, site: Site
) -> None:
    site.install("acme", {"acme/__init__.py": NODE.format(name="One"), "acme/more.py": "MORE = 1"})
    mine = tmp_path / "mine.py"
    mine.write_text(NODE.format(name="Three"))

    async def versions() -> tuple[str, str]:
        index = await load_index(tmp_path / "nodes.json", [str(mine)])
        return pack(index, "acme").nodes[0].version, pack(index, "mine").nodes[0].version

    acme, own = await versions()
    os.utime(mine)
    assert await versions() == (acme, own), "the same code at another time"
    mine.write_text(mine.read_text() + "\nMORE = 2")
    (site.path / "acme" / "more.py").write_text("MORE = 20")
    changed = await versions()
    assert acme != changed[0]
    assert own != changed[1]
    info = site.path / "acme-1.0.dist-info" / "METADATA"
    info.write_text(info.read_text().replace("1.0", "1.1"))
    os.utime(site.path / "acme" / "more.py")
    assert (await versions())[0] != changed[0]


async def test_what_modules_print_does_not_get_into_the_index(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("print('hello')\n" + NODE.format(name="Three"))

    index = await load_index(tmp_path / "nodes.json", [str(mine)])

    assert len(types(pack(index, "mine"))) == 1
