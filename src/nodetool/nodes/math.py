"""Nodes that calculate. What is no number, like the root of -1, is an error."""

import math
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Operation = Literal[
    "negate",
    "absolute",
    "square",
    "cube",
    "square_root",
    "cube_root",
    "sine",
    "cosine",
    "tangent",
    "arcsin",
    "arccos",
    "arctan",
]
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "negate": lambda number: -number,
    "absolute": abs,
    "square": lambda number: number * number,
    "cube": lambda number: number * number * number,
    "square_root": math.sqrt,
    "cube_root": math.cbrt,
    "sine": math.sin,
    "cosine": math.cos,
    "tangent": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
}

MAX_BITS = 10_000
"""Of a power of whole numbers; what has more than 64 cannot leave a run anyway."""


class _OfTwo(Node):
    a: int | float = 0.0
    b: int | float = 0.0


class Add(_OfTwo):
    """Add two numbers.
    math, add, sum, plus, +

    Use cases:
    - Add a price and its tax
    - Count on from a number
    - Move a value by an amount
    """

    type_name: ClassVar = "lib.math.Add"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> int | float:
        return _finite(self.a + self.b)


class Subtract(_OfTwo):
    """Take the second number away from the first.
    math, subtract, difference, minus, -

    Use cases:
    - Tell how much is left
    - Compare two measured values
    - Count back from a number
    """

    type_name: ClassVar = "lib.math.Subtract"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> int | float:
        return _finite(self.a - self.b)


class Multiply(_OfTwo):
    """Multiply two numbers.
    math, multiply, product, times, *

    Use cases:
    - Take a price times an amount
    - Convert one unit into another
    - Apply a rate
    """

    type_name: ClassVar = "lib.math.Multiply"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> int | float:
        return _finite(self.a * self.b)


class Divide(Node):
    """Divide the first number by the second, which must not be 0.
    math, divide, quotient, ratio, /

    Use cases:
    - Take a share or a rate
    - Split an amount
    - Convert one unit into another
    """

    type_name: ClassVar = "lib.math.Divide"
    runs: ClassVar[Runs] = "inline"

    a: int | float = 0.0
    b: int | float = 1.0

    def process(self) -> int | float:
        if self.b == 0:
            raise BadInput("b", "must not be 0")
        return _finite(self.a / self.b)


class Modulus(Node):
    """Take what is left when the first number is divided by the second, which must not be 0.
    math, modulus, remainder, %

    Use cases:
    - Tell even numbers from odd ones
    - Do something every tenth time
    - Bring an angle into a range
    """

    type_name: ClassVar = "lib.math.Modulus"
    runs: ClassVar[Runs] = "inline"

    a: int | float = 0.0
    b: int | float = 1.0

    def process(self) -> int | float:
        if self.b == 0:
            raise BadInput("b", "must not be 0")
        return self.a % self.b


class Power(Node):
    """Raise a number to a power.
    math, power, exponent, raise, **

    Use cases:
    - Take compound interest
    - Take a square or a cube
    - Take a root, with an exponent of 0.5
    """

    type_name: ClassVar = "lib.math.Power"
    runs: ClassVar[Runs] = "inline"

    base: int | float = 0.0
    exponent: int | float = 1.0

    def process(self) -> int | float:
        base, exponent = self.base, self.exponent
        if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > MAX_BITS:
            raise BadInput("exponent", f"{base} to this power is too large", exponent)
        try:
            power = base**exponent
        except ZeroDivisionError:
            raise BadInput("exponent", "0 cannot be raised to a negative power", exponent) from None
        except OverflowError:
            raise BadInput("exponent", f"{base} to this power is too large", exponent) from None
        if isinstance(power, complex):
            raise BadInput("exponent", f"the negative number {base} has no such power", exponent)
        return power


class Sqrt(Node):
    """Take the square root of a number, which must not be negative.
    math, sqrt, square, root

    Use cases:
    - Take the side of a square
    - Take a distance
    - Take a standard deviation of a variance
    """

    type_name: ClassVar = "lib.math.Sqrt"
    runs: ClassVar[Runs] = "inline"

    x: int | float = 0.0

    def process(self) -> int | float:
        if self.x < 0:
            raise BadInput("x", "a negative number has no square root", self.x)
        return math.sqrt(self.x)


class Sine(Node):
    """Take the sine of an angle in radians.
    math, sine, sin, angle, wave

    Use cases:
    - Make a wave
    - Take a height of an angle
    - Turn a point
    """

    type_name: ClassVar = "lib.math.Sine"
    runs: ClassVar[Runs] = "inline"

    angle_rad: Annotated[int | float, Meta(description="The angle; a full turn is 2π.")] = 0.0

    def process(self) -> int | float:
        return math.sin(self.angle_rad)


class Cosine(Node):
    """Take the cosine of an angle in radians.
    math, cosine, cos, angle, wave

    Use cases:
    - Make a wave
    - Take a length of an angle
    - Turn a point
    """

    type_name: ClassVar = "lib.math.Cosine"
    runs: ClassVar[Runs] = "inline"

    angle_rad: Annotated[int | float, Meta(description="The angle; a full turn is 2π.")] = 0.0

    def process(self) -> int | float:
        return math.cos(self.angle_rad)


class MathFunction(Node):
    """Put a number through a function: negate, absolute, square, roots, sine and others.
    math, function, calculate, root, angle

    Angles are in radians.

    Use cases:
    - Leave a sign out
    - Take a square or a root
    - Turn a ratio into an angle
    """

    type_name: ClassVar = "lib.math.MathFunction"
    runs: ClassVar[Runs] = "inline"

    input: int | float = 0.0
    operation: Operation = "negate"

    def process(self) -> int | float:
        try:
            return _finite(FUNCTIONS[self.operation](self.input))
        except (ValueError, OverflowError) as error:
            raise BadInput("input", f"{self.operation} has no result", self.input) from error


def _finite(number: float) -> int | float:
    if abs(number) == math.inf:
        raise OverflowError("the result is too large for a number")
    return number
