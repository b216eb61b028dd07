"""Numbers in a row, as a list and one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.list_range import GenerateSequence, ListRange
from nodetool.sdk.testing import outputs, run

NUMBERS = st.integers(-50, 50)


@given(NUMBERS, NUMBERS, NUMBERS.filter(bool))
def test_ranges_are_those_of_python(start: int, stop: int, step: int) -> None:
    wanted = list(range(start, stop, step))

    assert ListRange(start=start, stop=stop, step=step).process() == wanted
    assert list(GenerateSequence(start=start, stop=stop, step=step).process()) == wanted


async def test_a_sequence_is_a_stream() -> None:
    assert await outputs(GenerateSequence(start=3, stop=0, step=-1)) == {"output": [3, 2, 1]}
    assert await outputs(GenerateSequence()) == {}


@pytest.mark.parametrize(
    ("start", "stop", "step", "message"),
    [
        (0, 1, 0, "step: must not be 0"),
        (0, 1_000_001, 1, "stop: this would be more than 1000000 numbers, got 1000001"),
        (0, -(2**62), -1, "stop: this would be more"),
    ],
)
def test_a_range_has_an_end(start: int, stop: int, step: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(ListRange(start=start, stop=stop, step=step))
    with pytest.raises(ValueError, match=message):
        run(GenerateSequence(start=start, stop=stop, step=step))
