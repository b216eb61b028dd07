"""Nodes that let chance decide: not for secrets."""

import random
from typing import Any, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Node


class RandomInt(Node):
    """Make a whole number of chance, from the minimum up to the maximum.
    random, integer, number, chance

    Use cases:
    - Throw dice
    - Choose a seed
    - Make data to try a workflow with
    """

    type_name: ClassVar = "lib.random.RandomInt"
    runs: ClassVar[Runs] = "inline"

    minimum: int = 0
    maximum: int = 100

    def process(self) -> int:
        if self.maximum < self.minimum:
            raise BadInput("maximum", f"must not be less than the minimum of {self.minimum}", self.maximum)
        return random.randint(self.minimum, self.maximum)  # noqa: S311 - no secret


class RandomFloat(Node):
    """Make a number of chance between the minimum and the maximum.
    random, float, number, chance

    Use cases:
    - Choose a share or a weight
    - Vary a value
    - Make data to try a workflow with
    """

    type_name: ClassVar = "lib.random.RandomFloat"
    runs: ClassVar[Runs] = "inline"

    minimum: float = 0.0
    maximum: float = 1.0

    def process(self) -> float:
        if self.maximum < self.minimum:
            raise BadInput("maximum", f"must not be less than the minimum of {self.minimum}", self.maximum)
        return random.uniform(self.minimum, self.maximum)  # noqa: S311 - no secret


class RandomBool(Node):
    """Toss a coin.
    random, boolean, coin, chance

    Use cases:
    - Choose one of two branches
    - Give half of the callers something else
    - Make data to try a workflow with
    """

    type_name: ClassVar = "lib.random.RandomBool"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> bool:
        return random.random() < 0.5  # noqa: S311 - no secret


class RandomChoice(Node):
    """Take an element of a list by chance; the list must not be empty.
    random, choice, pick, chance, list

    Use cases:
    - Draw a winner
    - Vary a greeting or a prompt
    - Take an example
    """

    type_name: ClassVar = "lib.random.RandomChoice"
    runs: ClassVar[Runs] = "inline"

    options: list[Any] = []

    def process(self) -> Any:
        if not self.options:
            raise BadInput("options", "must not be empty")
        return random.choice(self.options)  # noqa: S311 - no secret
