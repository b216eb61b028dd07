"""What helps the person at the editor: a look at a value, a note, a frame. None of them changes a run."""

from typing import Any, ClassVar

from nodetool.protocol.descriptions import Role, Runs
from nodetool.sdk import Node


class Preview(Node):
    """Show a value while the workflow runs.
    preview, watch, inspect, debug

    Use cases:
    - Look at what passes between two nodes
    - Watch a stream as it is made
    - Find the node where data goes wrong
    """

    type_name: ClassVar = "nodetool.workflows.base_node.Preview"
    role: ClassVar[Role] = "preview"
    runs: ClassVar[Runs] = "inline"

    value: Any = None
    name: str = ""


class Comment(Node):
    """A note beside the graph.
    comment, note, documentation

    Use cases:
    - Say what a part of a workflow is for
    - Leave a hint for the next reader
    - Keep an open question where it belongs
    """

    type_name: ClassVar = "nodetool.workflows.base_node.Comment"
    role: ClassVar[Role] = "note"
    runs: ClassVar[Runs] = "inline"

    headline: str = ""
    comment: Any = None
    """Text, or the document of a rich-text editor."""
    comment_color: str = "#f0f0f0"


class Group(Node):
    """A frame around nodes that belong together.
    group, frame, layout

    Use cases:
    - Show the stages of a workflow
    - Move nodes together
    - Give a part of a workflow a name
    """

    type_name: ClassVar = "nodetool.workflows.base_node.Group"
    role: ClassVar[Role] = "note"
    runs: ClassVar[Runs] = "inline"
