"""Nodes that ask and decide."""

import operator
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Node

Comparison = Literal["==", "!=", ">", "<", ">=", "<="]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}

Operation = Literal["and", "or", "xor", "nand", "nor"]


class Compare(Node):
    """Compare two values.
    boolean, compare, equal, greater, less, condition

    Numbers and texts have an order; lists are compared element by element. What has no common order is an error.

    Use cases:
    - Give an If its condition
    - Check a count against a limit
    - See whether something changed
    """

    type_name: ClassVar = "nodetool.boolean.Compare"
    runs: ClassVar[Runs] = "inline"

    a: Any = None
    b: Any = None
    comparison: Comparison = "=="

    def process(self) -> bool:
        try:
            return bool(COMPARISONS[self.comparison](self.a, self.b))
        except TypeError:
            kinds = f"{type(self.a).__name__} and {type(self.b).__name__}"
            raise BadInput("comparison", f"{kinds} have no order", self.comparison) from None


class LogicalOperator(Node):
    """Join two answers: and, or, xor, nand, nor.
    boolean, and, or, logic, condition

    Use cases:
    - Ask whether two things hold
    - Ask whether exactly one of two holds
    - Join the conditions of an If
    """

    type_name: ClassVar = "nodetool.boolean.LogicalOperator"
    runs: ClassVar[Runs] = "inline"

    a: bool = False
    b: bool = False
    operation: Operation = "and"

    def process(self) -> bool:
        match self.operation:
            case "and":
                return self.a and self.b
            case "or":
                return self.a or self.b
            case "xor":
                return self.a != self.b
            case "nand":
                return not (self.a and self.b)
            case "nor":
                return not (self.a or self.b)


class Not(Node):
    """Turn an answer round.
    boolean, not, negate, invert

    Use cases:
    - Run a branch if something does not hold
    - Turn a switch round
    - Ask for what is missing
    """

    type_name: ClassVar = "nodetool.boolean.Not"
    runs: ClassVar[Runs] = "inline"

    value: bool = False

    def process(self) -> bool:
        return not self.value


class ConditionalSwitch(Node):
    """Send one of two values on.
    boolean, switch, choose, condition, either

    Both values are made, whichever is sent; an If runs only the branch that it takes. What is null goes nowhere.

    Use cases:
    - Choose between two texts
    - Take a default
    - Choose between two settings
    """

    type_name: ClassVar = "nodetool.boolean.ConditionalSwitch"
    runs: ClassVar[Runs] = "inline"

    condition: bool = False
    if_true: Any = None
    if_false: Any = None

    def process(self) -> Any:
        return self.if_true if self.condition else self.if_false


class IsIn(Node):
    """Say whether a value is among several.
    boolean, in, member, contains, options

    Use cases:
    - Check that a choice is allowed
    - Choose a branch by one of several words
    - Find out whether something is known
    """

    type_name: ClassVar = "nodetool.boolean.IsIn"
    runs: ClassVar[Runs] = "inline"

    value: Any = None
    options: list[Any] = []

    def process(self) -> bool:
        return self.value in self.options


class IsNone(Node):
    """Say whether a value is null.
    boolean, none, null, missing, check

    A node with an edge does not run where nothing comes, so this is true only for a handle without one.

    Use cases:
    - Check whether a property is set
    - Try a workflow before it is complete
    - Make a condition that can be changed later
    """

    type_name: ClassVar = "nodetool.boolean.IsNone"
    runs: ClassVar[Runs] = "inline"

    value: Any = None

    def process(self) -> bool:
        return self.value is None


class All(Node):
    """Say whether all answers of a list are yes; of an empty list they are.
    boolean, all, every, and, list

    Use cases:
    - Go on only if all checks passed
    - Ask whether every row fits
    - Join many conditions
    """

    type_name: ClassVar = "nodetool.boolean.All"
    runs: ClassVar[Runs] = "inline"

    values: list[bool] = []

    def process(self) -> bool:
        return all(self.values)


class Some(Node):
    """Say whether an answer of a list is yes; of an empty list none is.
    boolean, some, any, or, list

    Use cases:
    - Act if a check failed or passed
    - Ask whether a row fits
    - Join many conditions
    """

    type_name: ClassVar = "nodetool.boolean.Some"
    runs: ClassVar[Runs] = "inline"

    values: list[bool] = []

    def process(self) -> bool:
        return any(self.values)
