"""What node types were called at other times: workflows that were exported then say so.

The one table of it. A type that there is goes before an alias, and the document keeps the name that it has.
"""

MOVED = {
    "nodetool.base64": "lib.base64",
    "nodetool.date": "lib.date",
    "nodetool.json": "lib.json",
    "nodetool.math": "lib.math",
    "nodetool.textwrap": "lib.textwrap",
}
"""Namespaces, and where their types are now."""

RENAMED = {
    "nodetool.constant.Boolean": "nodetool.constant.Bool",
    "nodetool.input.TextInput": "nodetool.input.StringInput",
    "nodetool.output.TextOutput": "nodetool.output.StringOutput",
    "nodetool.workflows.workflow_node.Workflow": "nodetool.workflows.Workflow",
}
"""Types, and what they are called now."""


def current(type_name: str) -> str | None:
    """Return what *type_name* is called now; None if it has no other name."""
    if type_name in RENAMED:
        return RENAMED[type_name]
    namespace, _, name = type_name.rpartition(".")
    return f"{MOVED[namespace]}.{name}" if namespace in MOVED else None
