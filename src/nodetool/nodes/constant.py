"""Values that are written into the workflow itself."""

from typing import Any, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Node


class String(Node):
    """A fixed text.
    constant, string, text, literal

    Use cases:
    - Keep a prompt or a template in the workflow
    - Give several nodes the same text
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.String"
    runs: ClassVar[Runs] = "inline"

    value: str = ""

    def process(self) -> str:
        return self.value


class Integer(Node):
    """A fixed whole number.
    constant, integer, number, literal

    Use cases:
    - Set a limit, a count or a position
    - Give several nodes the same number
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.Integer"
    runs: ClassVar[Runs] = "inline"

    value: int = 0

    def process(self) -> int:
        return self.value


class Float(Node):
    """A fixed number.
    constant, float, number, literal

    Use cases:
    - Set a threshold or a rate
    - Give several nodes the same number
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.Float"
    runs: ClassVar[Runs] = "inline"

    value: float = 0.0

    def process(self) -> float:
        return self.value


class Bool(Node):
    """A fixed yes or no.
    constant, boolean, switch, literal

    Use cases:
    - Fix the way an If goes
    - Turn a part of a workflow off for a while
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.Bool"
    runs: ClassVar[Runs] = "inline"

    value: bool = False

    def process(self) -> bool:
        return self.value


class List(Node):
    """A fixed list.
    constant, list, array, literal

    Use cases:
    - Keep a small table in the workflow
    - Give a For Each the items to send on
    - Name the choices of a later node
    """

    type_name: ClassVar = "nodetool.constant.List"
    runs: ClassVar[Runs] = "inline"

    value: list[Any] = []

    def process(self) -> list[Any]:
        return self.value


class Dict(Node):
    """A fixed dictionary.
    constant, dictionary, object, literal

    Use cases:
    - Keep settings in the workflow
    - Keep a JSON Schema to validate against
    - Give defaults that a Combine overrides
    """

    type_name: ClassVar = "nodetool.constant.Dict"
    runs: ClassVar[Runs] = "inline"

    value: dict[str, Any] = {}

    def process(self) -> dict[str, Any]:
        return self.value
