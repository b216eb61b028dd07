"""Where values leave a workflow. The engine collects them; they have no process of their own."""

from typing import Any, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import OutputNode


class StringOutput(OutputNode):
    """A text in the result of the workflow.
    output, result, string, text

    Use cases:
    - Return a report or an answer
    - Stream text to the caller as it is made
    - Show the text that a workflow formatted
    """

    type_name: ClassVar = "nodetool.output.StringOutput"
    runs: ClassVar[Runs] = "inline"

    value: str = ""


class IntegerOutput(OutputNode):
    """A whole number in the result of the workflow.
    output, result, integer, number

    Use cases:
    - Return a count or a position
    - Return the size of a list
    - Return a year, a page or a rank
    """

    type_name: ClassVar = "nodetool.output.IntegerOutput"
    runs: ClassVar[Runs] = "inline"

    value: int = 0


class FloatOutput(OutputNode):
    """A number in the result of the workflow.
    output, result, float, number

    Use cases:
    - Return a price, a share or an average
    - Return a measured value
    - Return a score between 0 and 1
    """

    type_name: ClassVar = "nodetool.output.FloatOutput"
    runs: ClassVar[Runs] = "inline"

    value: float = 0


class BooleanOutput(OutputNode):
    """A yes or no in the result of the workflow.
    output, result, boolean

    Use cases:
    - Return whether data is valid
    - Return the outcome of a comparison
    - Tell the caller if something was found
    """

    type_name: ClassVar = "nodetool.output.BooleanOutput"
    runs: ClassVar[Runs] = "inline"

    value: bool = False


class ListOutput(OutputNode):
    """A list in the result of the workflow.
    output, result, list, array

    Use cases:
    - Return filtered or sorted items
    - Return everything that a Collect gathered
    - Return rows of data
    """

    type_name: ClassVar = "nodetool.output.ListOutput"
    runs: ClassVar[Runs] = "inline"

    value: list[Any] = []


class DictionaryOutput(OutputNode):
    """A dictionary in the result of the workflow.
    output, result, dictionary, object, json

    Use cases:
    - Return a record with several fields
    - Return parsed JSON
    - Return figures under their names
    """

    type_name: ClassVar = "nodetool.output.DictionaryOutput"
    runs: ClassVar[Runs] = "inline"

    value: dict[str, Any] = {}


class Output(OutputNode):
    """A value of any type in the result of the workflow.
    output, result, any, generic

    Use cases:
    - Return whatever a node made, without choosing a type
    - Return the value of a branch that may differ in type
    - Return each item of a mixed stream
    """

    type_name: ClassVar = "nodetool.output.Output"
    runs: ClassVar[Runs] = "inline"

    value: Any = None
