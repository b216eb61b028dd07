"""The tests by which nodes keep elements of a list."""

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from nodetool.sdk import BadInput

if TYPE_CHECKING:
    from nodetool.nodes._regex import Search

Test = Callable[[Any], bool]

NumberFilter = Literal["greater_than", "less_than", "equal_to", "even", "odd", "positive", "negative"]
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "greater_than": operator.gt,
    "less_than": operator.lt,
    "equal_to": operator.eq,
}
PROPERTIES: dict[str, Callable[[float], bool]] = {
    "even": lambda number: number % 2 == 0,
    "odd": lambda number: number % 2 == 1,
    "positive": lambda number: number > 0,
    "negative": lambda number: number < 0,
}

ValueFilter = Literal[
    "contains", "starts_with", "ends_with", "equals", "type_is", "length_greater", "length_less", "exact_length"
]
StringFilter = Literal["contains", "starts_with", "ends_with", "length_greater", "length_less", "exact_length"]
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "contains": operator.contains,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "equals": operator.eq,
}
LENGTHS: dict[str, Callable[[int, int], bool]] = {
    "length_greater": operator.gt,
    "length_less": operator.lt,
    "exact_length": operator.eq,
}


def number_test(filter_type: NumberFilter, value: float | None) -> Test:
    if filter_type in PROPERTIES:
        return PROPERTIES[filter_type]
    compare = COMPARISONS[filter_type]
    if value is None:
        raise BadInput("value", f"{filter_type} needs a number to compare with")
    return lambda number: compare(number, value)


def range_test(least: float, most: float, inclusive: bool) -> Test:
    if inclusive:
        return lambda number: least <= number <= most
    return lambda number: least < number < most


def value_test(filter_type: ValueFilter, criteria: str) -> Test:
    if filter_type == "type_is":
        return lambda value: type(value).__name__ == criteria
    if filter_type in LENGTHS:
        compare, length = LENGTHS[filter_type], _length(filter_type, criteria)
        return lambda value: hasattr(value, "__len__") and compare(len(value), length)
    matches = TEXTS[filter_type]
    return lambda value: matches(str(value), criteria)


def _length(filter_type: str, criteria: str) -> int:
    try:
        return int(criteria)
    except ValueError:
        raise BadInput("criteria", f"{filter_type} needs a whole number", criteria) from None


def matches(search: "Search", text: str, whole: bool) -> bool:
    return search.fits(text) if whole else search.find(text) is not None
