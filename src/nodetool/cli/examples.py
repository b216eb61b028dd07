"""The example workflows that come with the project."""

from collections.abc import Iterator

import msgspec

from nodetool.app import Rooms
from nodetool.auth.identity import USER
from nodetool.protocol.documents import WorkflowRequest
from nodetool.protocol.errors import NotFound
from nodetool.shipped import shipped

_document: "msgspec.json.Decoder[WorkflowRequest]" = msgspec.json.Decoder(WorkflowRequest)


def examples() -> Iterator[tuple[str, WorkflowRequest]]:
    """Read each example, with its id: the name of its file."""
    for file in sorted(shipped("examples/workflows").glob("*.json")):
        yield file.stem, _document.decode(file.read_bytes())


async def store_examples(rooms: Rooms) -> None:
    """Store those that are not there; what somebody made of one is left as it is."""
    for id, request in examples():
        try:
            await rooms.workflows.get(USER, id)
        except NotFound:
            await rooms.workflows.replace(USER, id, request, None)
