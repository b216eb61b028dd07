"""Where classes are found, and what becomes of a module that cannot be imported."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodetool.protocol.errors import ImportFailed
from nodetool.sdk.describe import describe
from nodetool.sdk.registry import find, import_module, module_name, modules_of, nodes_in

NODES = '''
from nodetool.sdk import Node

class Second(Node):
    """Second in the alphabet, first in the file."""
    def process(self) -> str:
        return "second"

class First(Second):
    class Inner(Node):
        def process(self) -> str:
            return "inner"

Alias = First

class _Base(Node):
    pass
'''


@pytest.fixture(autouse=True)
def _forget_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my nodes.py"
    path.write_text(NODES)
    return path


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "somebodys_pack"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "words.py").write_text(NODES)
    (folder / "_helper.py").write_text("raise RuntimeError('not imported for its nodes')")
    (folder / "__main__.py").write_text("raise RuntimeError('not imported either')")
    return folder


def test_a_file_gives_its_nodes_in_the_order_they_are_written(file: Path) -> None:
    module = import_module(module_name(file), str(file))

    assert [cls.__name__ for cls in nodes_in(module)] == ["Second", "First"]


def test_types_of_a_file_are_named_by_the_file(file: Path) -> None:
    module = import_module(module_name(file), str(file))

    assert describe(nodes_in(module)[0], path=str(file)).node_type == "my_nodes.Second"


def test_types_of_a_package_are_named_by_its_folder(pack: Path) -> None:
    file = pack / "__init__.py"
    file.write_text("from .words import First\n\nclass Third(First):\n    pass\n")

    (cls,) = nodes_in(import_module(module_name(file), str(file)))

    assert describe(cls, path=str(file)).node_type == "somebodys_pack.Third"


def test_a_file_is_loaded_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)

    module = import_module(module_name(file), str(file))

    assert import_module(module_name(file), str(file)) is module
    assert import_module(module_name(file), file.name) is module


def test_a_package_gives_its_modules_without_helpers(pack: Path) -> None:
    names = list(modules_of(pack.name))

    assert names == ["somebodys_pack", "somebodys_pack.words"]
    assert [len(nodes_in(import_module(name))) for name in names] == [0, 2]


def test_a_module_gives_itself(pack: Path) -> None:
    assert list(modules_of("somebodys_pack.words")) == ["somebodys_pack.words"]


def test_imported_classes_belong_to_where_they_were_written(pack: Path) -> None:
    (pack / "more.py").write_text("from somebodys_pack.words import First, Second")

    assert nodes_in(import_module("somebodys_pack.more")) == []


def test_a_description_leads_back_to_its_class(file: Path, pack: Path) -> None:
    for name, path in ((module_name(file), str(file)), ("somebodys_pack.words", None)):
        for cls in nodes_in(import_module(name, path)):
            found = describe(cls, path=path)
            assert find(found.module, found.qualname, found.path) is cls


def test_a_class_inside_a_class_is_found(file: Path) -> None:
    assert find(module_name(file), "First.Inner", str(file)).__name__ == "Inner"


@pytest.mark.parametrize("name", ["Nobody", "First.Nobody", "Second.process", "describe"])
def test_a_class_that_is_gone_is_named(file: Path, name: str) -> None:
    with pytest.raises(ImportFailed, match=f"my_nodes has no node {name}"):
        find(module_name(file), name, str(file))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise RuntimeError('no licence')", "broken: RuntimeError: no licence"),
        ("def broken(:", "SyntaxError"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
    ],
    ids=["missing module", "raises", "no Python", "exits"],
)
def test_a_module_that_cannot_be_imported_says_why(tmp_path: Path, source: str, message: str) -> None:
    path = tmp_path / "broken.py"
    path.write_text(source)

    with pytest.raises(ImportFailed, match=message):
        import_module(module_name(path), str(path))
    assert module_name(path) not in sys.modules


def test_a_module_that_was_mended_can_be_imported_again(tmp_path: Path) -> None:
    path = tmp_path / "mended.py"
    path.write_text("raise RuntimeError")
    with pytest.raises(ImportFailed):
        import_module(module_name(path), str(path))
    path.write_text(NODES)

    assert len(nodes_in(import_module(module_name(path), str(path)))) == 2


def test_a_package_that_is_not_installed_is_an_import_that_failed() -> None:
    with pytest.raises(ImportFailed, match="no_such_pack: ModuleNotFoundError"):
        import_module("no_such_pack")


def test_a_file_that_is_no_python_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nodes.txt"
    path.write_text("")

    with pytest.raises(ImportFailed, match=r"nodes\.txt is not a Python file"):
        import_module(module_name(path), str(path))
