"""The example workflows that come with the project."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from nodetool.app import Rooms
from nodetool.cli.local import USER
from nodetool.protocol.documents import WorkflowRequest
from nodetool.protocol.errors import NotFound

_document: "msgspec.json.Decoder[WorkflowRequest]" = msgspec.json.Decoder(WorkflowRequest)


def folder() -> Any:
    """Return where they are: in the package that was installed, or in the repository around it."""
    package = resources.files("nodetool")
    repository = Path(str(package)).parent.parent
    inside = package / "examples" / "workflows"
    return inside if inside.is_dir() else repository / "examples" / "workflows"


def examples() -> Iterator[tuple[str, WorkflowRequest]]:
    """Read each example, with its id: the name of its file."""
    for file in sorted(folder().iterdir(), key=lambda file: file.name):
        if file.name.endswith(".json"):
            yield file.name.removesuffix(".json"), _document.decode(file.read_bytes())


async def store_examples(rooms: Rooms) -> None:
    """Store those that are not there; what somebody made of one is left as it is."""
    for id, request in examples():
        try:
            await rooms.workflows.get(USER, id)
        except NotFound:
            await rooms.workflows.replace(USER, id, request, None)
