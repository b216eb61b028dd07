"""Nodes that make one number of a list of numbers."""

import math
from typing import ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Node


class Sum(Node):
    """Add the numbers of a list up; of an empty one it is 0.
    list, sum, total, add, number

    Use cases:
    - Add up a column of a table
    - Make the total of an invoice
    - Count with weights
    """

    type_name: ClassVar = "nodetool.list.Sum"
    runs: ClassVar[Runs] = "inline"

    values: list[float] = []

    def process(self) -> float:
        return math.fsum(self.values)


class Average(Node):
    """Take the average of the numbers of a list, which must not be empty.
    list, average, mean, number

    Use cases:
    - Take the average of a column
    - Make one grade of several
    - Compare a value with what is usual
    """

    type_name: ClassVar = "nodetool.list.Average"
    runs: ClassVar[Runs] = "inline"

    values: list[float] = []

    def process(self) -> float:
        return math.fsum(_some(self.values)) / len(self.values)


class Minimum(Node):
    """Take the smallest number of a list, which must not be empty.
    list, minimum, smallest, least, number

    Use cases:
    - Find the lowest price
    - Find where a range begins
    - Find the earliest year
    """

    type_name: ClassVar = "nodetool.list.Minimum"
    runs: ClassVar[Runs] = "inline"

    values: list[float] = []

    def process(self) -> float:
        return min(_some(self.values))


class Maximum(Node):
    """Take the largest number of a list, which must not be empty.
    list, maximum, largest, greatest, number

    Use cases:
    - Find the highest price
    - Find where a range ends
    - Find the best score
    """

    type_name: ClassVar = "nodetool.list.Maximum"
    runs: ClassVar[Runs] = "inline"

    values: list[float] = []

    def process(self) -> float:
        return max(_some(self.values))


class Product(Node):
    """Multiply the numbers of a list; of an empty one it is 1.
    list, product, multiply, number

    Use cases:
    - Multiply rates or chances
    - Take a volume of its sides
    - Count how many combinations there are
    """

    type_name: ClassVar = "nodetool.list.Product"
    runs: ClassVar[Runs] = "inline"

    values: list[float] = []

    def process(self) -> float:
        return math.prod(self.values)


def _some(values: list[float]) -> list[float]:
    if not values:
        raise BadInput("values", "must not be empty")
    return values
