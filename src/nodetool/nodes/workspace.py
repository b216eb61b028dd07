"""Files of the run: nodes that write them and read them again. They are gone when the run has ended."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, ClassVar, TypedDict

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Context, Meta, Node

Path = Annotated[str, Meta(description="The name of a file in the workspace of the run, as notes/today.txt.")]


class File(TypedDict):
    """The name of a file."""

    file: str


class ReadTextFile(Node):
    """Read a text from a file in the workspace.
    workspace, file, read, text

    Use cases:
    - Read what an earlier step has written
    - Take up a report to go on with it
    - Look into a file that was downloaded
    """

    type_name: ClassVar = "nodetool.workspace.ReadTextFile"
    runs: ClassVar[Runs] = "async"

    path: Path = ""
    encoding: str = "utf-8"

    async def process(self, ctx: Context) -> str:
        return await asyncio.to_thread(ctx.workspace.read_text, self.path, self.encoding)


class WriteTextFile(Node):
    """Write a text into a file in the workspace, and send its name on.
    workspace, file, write, save, text

    Use cases:
    - Keep a text for a later step
    - Gather lines in one file with append
    - Write a file for a node that wants a path
    """

    type_name: ClassVar = "nodetool.workspace.WriteTextFile"
    runs: ClassVar[Runs] = "async"

    path: Path = ""
    content: str = ""
    encoding: str = "utf-8"
    append: bool = False

    async def process(self, ctx: Context) -> str:
        write = ctx.workspace.write_text
        await asyncio.to_thread(write, self.path, self.content, self.encoding, append=self.append)
        return self.path


class ListWorkspaceFiles(Node):
    """Send the names of files in a folder of the workspace on, one by one.
    workspace, file, list, folder, stream

    Use cases:
    - Work on each file that was downloaded
    - Find the files that match a pattern
    - Count what a step has written
    """

    type_name: ClassVar = "nodetool.workspace.ListWorkspaceFiles"
    runs: ClassVar[Runs] = "async"

    path: Path = "."
    pattern: str = "*"
    recursive: bool = False

    async def process(self, ctx: Context) -> AsyncIterator[File]:
        names = await asyncio.to_thread(
            lambda: list(ctx.workspace.list(self.path, self.pattern, recursive=self.recursive))
        )
        for name in names:
            yield {"file": name}


class WorkspaceFileExists(Node):
    """Tell whether there is such a file or folder in the workspace.
    workspace, file, exists, check

    Use cases:
    - Do something only once
    - Choose a branch by what was written
    - Check a name before it is read
    """

    type_name: ClassVar = "nodetool.workspace.WorkspaceFileExists"
    runs: ClassVar[Runs] = "async"

    path: Path = ""

    async def process(self, ctx: Context) -> bool:
        return await asyncio.to_thread(ctx.workspace.exists, self.path)


class CreateWorkspaceDirectory(Node):
    """Make a folder in the workspace, and send its name on.
    workspace, folder, directory, create

    Use cases:
    - Sort files into folders
    - Prepare a place for downloads
    - Keep the results of branches apart
    """

    type_name: ClassVar = "nodetool.workspace.CreateWorkspaceDirectory"
    runs: ClassVar[Runs] = "async"

    path: Path = ""

    async def process(self, ctx: Context) -> str:
        await asyncio.to_thread(ctx.workspace.make_folder, self.path)
        return self.path


class DeleteWorkspaceFile(Node):
    """Remove a file from the workspace, or a folder with all that is in it.
    workspace, file, delete, remove

    Use cases:
    - Make room before the next download
    - Remove what is only needed in between
    - Begin with an empty folder
    """

    type_name: ClassVar = "nodetool.workspace.DeleteWorkspaceFile"
    runs: ClassVar[Runs] = "async"

    path: Path = ""
    recursive: bool = False

    async def process(self, ctx: Context) -> Any:
        await asyncio.to_thread(ctx.workspace.delete, self.path, recursive=self.recursive)
