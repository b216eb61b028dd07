"""The base classes of every node."""

from typing import Any, ClassVar, dataclass_transform

import msgspec

from nodetool.protocol.descriptions import Calls, Role, Runs, Touch
from nodetool.sdk.retry import Retry


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))
class NodeType(msgspec.StructMeta):
    """Makes every node class keyword-only, so that fields may have defaults in any order."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> "NodeType":
        return super().__new__(mcls, name, bases, namespace, **{"kw_only": True, **config})


class Node(msgspec.Struct, metaclass=NodeType):
    """A step of a workflow. Its fields are its inputs; what ``process`` returns or yields is its output.

    The docstring of a class is the text that the editor shows. ``process`` may be a function, a coroutine, or a
    generator of either kind; it may take a ``Context``. It returns one value for the handle ``output``, or, where its
    return annotation is a ``TypedDict``, a value for each handle that it names; ``None`` sends nothing.

    ``@classmethod def setup(cls)`` (or ``async def``) is called once in a process, before the first node of the class
    fires there, and may keep something on the class for all runs: a model, a connection. ``teardown`` is called when
    such a process ends in order, and not when it is killed.

    A class may declare ``timeout: ClassVar[float] = 30``: a firing may not take longer than so many seconds. A field of
    this name is an input like any other, and no limit.
    """

    type_name: ClassVar[str]
    """The type as workflows write it; without it, the module and the name of the class."""
    title: ClassVar[str]
    """What the editor calls it; without it, the name of the class in words."""
    runs: ClassVar[Runs]
    """How the work behaves: ``inline`` takes microseconds and never waits, ``async`` awaits, ``blocking`` may wait and
    gets a thread, ``cpu`` computes, ``gpu`` needs the device. Default: ``async`` for a coroutine, else ``blocking``."""
    role: ClassVar[Role] = "node"
    is_dynamic: ClassVar[bool] = False
    """Takes any further in-handle; its class then has a field ``dynamic: dict[str, Any] = {}`` that receives them."""
    checkpoint: ClassVar[bool] = False
    """The work costs money or minutes: what it sent is kept, and when the job is started again after a crash, a firing
    on the same inputs is not computed again. The same inputs have to mean the same work, whenever it is done."""
    retry: ClassVar[Retry | None] = None
    """A firing that fails with certain errors is tried again, unless it has sent something. A field of this name is an
    input like any other."""
    touches: ClassVar[tuple[Touch, ...]] = ()
    """``host`` if it reaches files, processes or devices of the machine other than by its context, ``code`` if it runs
    code that comes with the workflow: then the worker runs it only where its operator allows that."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """The names of the secrets that it may read with ``ctx.secret(name)``: a run gets no others."""
    supports_dynamic_outputs: ClassVar[bool] = False
    """Has the out-handles that its document names: ``process`` sends a dict of them."""
    calls: ClassVar[Calls | None] = None
    """It calls the stored workflow that its field ``workflow_id`` names, by ``ctx.workflow``: ``run`` if it sends what
    each run gives, ``stream`` if it passes items on as they come. The workflow's inputs and outputs are its handles."""
    gives: ClassVar[bool] = False
    """It gives that workflow some of its inputs itself, so that they need neither an edge nor a value."""
    basic_fields: ClassVar[list[str]]
    """The inputs that an editor shows on the node itself; all of them if not given."""


class InputNode(Node):
    """Where a value enters a workflow. ``name`` is the name of the param; ``value`` its default."""

    role: ClassVar[Role] = "input"
    runs: ClassVar[Runs] = "inline"

    name: str = ""
    description: str = ""


class OutputNode(Node):
    """Where a value leaves a workflow, under ``name``. Subclasses say what type ``value`` has."""

    role: ClassVar[Role] = "output"
    runs: ClassVar[Runs] = "inline"

    name: str = ""
    description: str = ""
