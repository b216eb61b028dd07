"""A workspace holds files by name, and no name leads out of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.sdk.workspace import OutsideWorkspace, Workspace

OUTSIDE = [
    "..",
    "../x",
    "a/../../x",
    "a/../b",
    "/etc/passwd",
    "//server/x",
    "C:\\x",
    "C:x",
    "a\\..\\x",
    "a\0b",
]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.txt").write_text("outside")
    return Workspace(tmp_path / "inside")


def test_files_are_written_read_listed_and_deleted(workspace: Workspace) -> None:
    workspace.write_text("a/b.txt", "ü\r\n")
    workspace.write_text("a/b.txt", "!", append=True)
    workspace.write_bytes("c.bin", b"\xff")
    workspace.make_folder("empty/deep")

    assert workspace.read_text("a/b.txt") == "ü\n!"
    assert workspace.read_bytes("a/b.txt") == "ü\r\n!".encode()
    assert workspace.exists("empty/deep")
    assert list(workspace.list()) == ["c.bin"]
    assert list(workspace.list(recursive=True)) == ["a/b.txt", "c.bin"]
    assert list(workspace.list("a", "*.txt")) == ["a/b.txt"]

    workspace.delete("c.bin")
    with pytest.raises(OSError, match="not empty"):
        workspace.delete("a")
    workspace.delete("a", recursive=True)
    assert list(workspace.list(recursive=True)) == []


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_is_refused(workspace: Workspace, name: str) -> None:
    for act in (workspace.read_text, workspace.read_bytes, workspace.exists, workspace.make_folder, workspace.delete):
        with pytest.raises(OutsideWorkspace):
            act(name)
    with pytest.raises(OutsideWorkspace):
        workspace.write_text(name, "x")


@pytest.mark.parametrize("pattern", ["../*", "/etc/*", "", "a/../../*"])
def test_a_pattern_that_leads_out_is_refused(workspace: Workspace, pattern: str) -> None:
    with pytest.raises(OutsideWorkspace):
        workspace.list(pattern=pattern)


def test_a_link_out_is_neither_followed_nor_listed(workspace: Workspace) -> None:
    (workspace.folder / "file").symlink_to("../secret.txt")
    (workspace.folder / "folder").symlink_to("..")

    for name in ("file", "folder/secret.txt", "folder"):
        with pytest.raises(OutsideWorkspace, match="leads out of the workspace"):
            workspace.read_text(name)
        with pytest.raises(OutsideWorkspace):
            workspace.write_text(name, "x")
    assert list(workspace.list(pattern="*", recursive=True)) == []
    assert list(workspace.list(pattern="folder/*")) == []
    assert (workspace.folder.parent / "secret.txt").read_text() == "outside"


def test_a_link_inside_is_as_good_as_what_it_leads_to(workspace: Workspace) -> None:
    workspace.write_text("a.txt", "x")
    (workspace.folder / "b.txt").symlink_to("a.txt")

    assert workspace.read_text("b.txt") == "x"


def test_the_workspace_itself_cannot_be_deleted(workspace: Workspace) -> None:
    with pytest.raises(OutsideWorkspace):
        workspace.delete(".", recursive=True)


@given(st.lists(st.sampled_from(["..", ".", "", "a", "b", "/", "~", " ", "..."]), max_size=6).map("/".join))
def test_whatever_a_name_is_made_of_it_stays_inside(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    workspace = Workspace(tmp_path_factory.getbasetemp())
    try:
        path = workspace.path(name)
    except OutsideWorkspace:
        return
    assert path.is_relative_to(workspace.folder)
