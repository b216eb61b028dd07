"""Nodes that make numbers in a row."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

MAX_ITEMS = 1_000_000
"""Numbers that a node makes of three."""


class ListRange(Node):
    """Make a list of numbers from a start to before a stop.
    list, range, sequence, numbers

    Use cases:
    - Number pages or rows
    - Make years or steps to work on one by one
    - Count down, with a negative step
    """

    type_name: ClassVar = "nodetool.list.ListRange"
    runs: ClassVar[Runs] = "inline"

    start: int = 0
    stop: Annotated[int, Meta(description="The first number that is not in the list.")] = 0
    step: Annotated[int, Meta(description="From one number to the next; not 0.")] = 1

    def process(self) -> list[int]:
        return list(_range(self.start, self.stop, self.step))


class GenerateSequence(Node):
    """Send the numbers from a start to before a stop, one by one.
    list, range, sequence, numbers, stream

    Use cases:
    - Do something a number of times
    - Go through the pages of a result
    - Number items
    """

    type_name: ClassVar = "nodetool.list.GenerateSequence"
    runs: ClassVar[Runs] = "inline"

    start: int = 0
    stop: Annotated[int, Meta(description="The first number that is not sent.")] = 0
    step: Annotated[int, Meta(description="From one number to the next; not 0.")] = 1

    def process(self) -> Iterator[int]:
        yield from _range(self.start, self.stop, self.step)


def _range(start: int, stop: int, step: int) -> range:
    if step == 0:
        raise BadInput("step", "must not be 0")
    numbers = range(start, stop, step)
    if numbers[MAX_ITEMS:]:
        raise BadInput("stop", f"this would be more than {MAX_ITEMS} numbers", stop)
    return numbers
