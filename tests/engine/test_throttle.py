"""Reports are thinned: the first and the last are always said."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nodetool.engine.context import Throttle


def say() -> None:
    pass


def other() -> None:
    pass


def test_the_first_is_said_and_the_next_is_held() -> None:
    throttle = Throttle(1.0)

    assert throttle.offer(say, 10.0)
    assert not throttle.offer(other, 10.5)
    assert throttle.held is other


def test_a_later_one_takes_the_place_of_what_is_held() -> None:
    throttle = Throttle(1.0)
    throttle.offer(say, 10.0)
    throttle.offer(say, 10.1)
    throttle.offer(other, 10.2)

    assert throttle.release(11.0) is other
    assert throttle.release(12.0) is None


def test_what_is_released_counts_as_said() -> None:
    throttle = Throttle(1.0)
    throttle.offer(say, 10.0)
    throttle.offer(say, 10.5)
    throttle.release(11.0)

    assert not throttle.offer(say, 11.5)
    assert throttle.offer(say, 12.0)


def test_one_that_is_said_makes_an_older_one_void() -> None:
    throttle = Throttle(1.0)
    throttle.offer(say, 10.0)
    throttle.offer(say, 10.5)

    assert throttle.offer(other, 11.0)
    assert throttle.held is None


@given(st.lists(st.floats(0, 0.4)))
def test_at_most_one_an_interval_is_said_and_the_last_is_said_or_held(gaps: list[float]) -> None:
    throttle = Throttle(1.0)
    said: list[float] = []
    now = 0.0
    for gap in gaps:
        now += gap
        if throttle.offer(say, now):
            said.append(now)

    assert all(later - earlier >= 1.0 for earlier, later in pairwise(said))
    assert throttle.held is say or said[-1:] == ([now] if gaps else [])
