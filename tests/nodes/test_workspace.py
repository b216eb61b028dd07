"""Nodes that keep files for the length of a run."""

import pytest

from nodetool.nodes.workspace import (
    CreateWorkspaceDirectory,
    DeleteWorkspaceFile,
    ListWorkspaceFiles,
    ReadTextFile,
    WorkspaceFileExists,
    WriteTextFile,
)
from nodetool.sdk.testing import Recorder, outputs
from nodetool.sdk.workspace import OutsideWorkspace


async def test_what_is_written_is_read_again() -> None:
    ctx = Recorder()

    assert await outputs(WriteTextFile(path="a/b.txt", content="ü", encoding="latin-1"), ctx) == {"output": ["a/b.txt"]}
    await outputs(WriteTextFile(path="a/b.txt", content="!", append=True), ctx)

    assert ctx.workspace.read_bytes("a/b.txt") == b"\xfc!"
    assert await outputs(ReadTextFile(path="a/b.txt", encoding="latin-1"), ctx) == {"output": ["ü!"]}


async def test_files_are_listed_one_by_one() -> None:
    ctx = Recorder()
    await outputs(CreateWorkspaceDirectory(path="a/c"), ctx)
    for name in ("b.txt", "a/a.txt", "c.md"):
        ctx.workspace.write_text(name, "")

    assert await outputs(ListWorkspaceFiles(pattern="*.txt", recursive=True), ctx) == {"file": ["a/a.txt", "b.txt"]}


async def test_a_file_is_there_until_it_is_deleted() -> None:
    ctx = Recorder()
    ctx.workspace.write_text("a/b", "x")

    assert await outputs(WorkspaceFileExists(path="a/b"), ctx) == {"output": [True]}
    await outputs(DeleteWorkspaceFile(path="a", recursive=True), ctx)
    assert await outputs(WorkspaceFileExists(path="a/b"), ctx) == {"output": [False]}


async def test_a_missing_file_and_a_path_outside_fail_the_node() -> None:
    with pytest.raises(FileNotFoundError) as missing:
        await outputs(ReadTextFile(path="nothing"))
    assert str(missing.value) == "[Errno 2] No such file or directory: 'nothing'"
    with pytest.raises(OutsideWorkspace):
        await outputs(ReadTextFile(path="../x"))
