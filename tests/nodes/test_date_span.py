"""Times moved, compared and listed."""

# ruff: noqa: DTZ001 - times without a zone are taken for UTC

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes._moments import shifted
from nodetool.nodes.date_span import AddTimeDelta, DateDifference, DateRange, IsDateInRange, RelativeTime
from nodetool.sdk.testing import run

MOMENT = datetime(2024, 1, 31, 12, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(3000, 1, 1))


def test_a_time_is_moved() -> None:
    assert run(AddTimeDelta(input_datetime=MOMENT, days=-31, hours=13, minutes=-1)) == datetime(
        2024, 1, 1, 0, 59, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="input_datetime: leads out of the years 1 to 9999"):
        run(AddTimeDelta(input_datetime=datetime(9999, 12, 31), days=1))
    with pytest.raises(ValueError, match="days: Expected `int` <= 3650"):
        run(AddTimeDelta(input_datetime=MOMENT, days=4000))


@pytest.mark.parametrize(
    ("amount", "unit", "result"),
    [
        (1, "months", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        (-2, "months", datetime(2023, 11, 30, 12, tzinfo=UTC)),
        (13, "months", datetime(2025, 2, 28, 12, tzinfo=UTC)),
        (1, "days", datetime(2024, 2, 1, 12, tzinfo=UTC)),
        (12, "hours", datetime(2024, 2, 1, tzinfo=UTC)),
    ],
)
def test_a_month_keeps_the_day_or_takes_its_last_one(amount: int, unit: Any, result: datetime) -> None:
    assert shifted(MOMENT, amount, unit, "amount") == result


def test_a_while_from_now() -> None:
    ago = datetime.now(UTC) - run(RelativeTime(amount=2, unit="hours", direction="past"))

    assert timedelta(hours=2) - timedelta(seconds=20) < ago <= timedelta(hours=2)
    with pytest.raises(ValueError, match="amount: leads out of the years 1 to 9999, got -100000"):
        run(RelativeTime(amount=100_000, unit="months", direction="past"))


@given(MOMENTS, MOMENTS)
def test_a_difference_in_parts_is_the_whole(start: datetime, end: datetime) -> None:
    found = DateDifference(start_date=start, end_date=end).process()

    parts = timedelta(days=found["days"], hours=found["hours"], minutes=found["minutes"], seconds=found["seconds"])
    assert parts.total_seconds() == found["total_seconds"] == int((end - start).total_seconds())


def test_times_of_two_zones_are_compared() -> None:
    berlin = datetime(2024, 1, 31, 13, tzinfo=timezone(timedelta(hours=1)))

    assert run(DateDifference(start_date=berlin, end_date=MOMENT.replace(tzinfo=None)))["total_seconds"] == 0


@pytest.mark.parametrize(("inclusive", "answer"), [(True, True), (False, False)])
def test_limits_are_in_a_range_or_not(inclusive: bool, answer: bool) -> None:
    node = IsDateInRange(check_date=MOMENT, start_date=MOMENT, end_date=MOMENT + timedelta(days=1), inclusive=inclusive)

    assert run(node) is answer


def test_a_range_lists_its_days() -> None:
    days = run(DateRange(start_date=MOMENT, end_date=MOMENT + timedelta(days=5), step_days=2))

    assert [day.day for day in days] == [31, 2, 4]
    assert run(DateRange(start_date=MOMENT, end_date=MOMENT - timedelta(days=1))) == []
    with pytest.raises(ValueError, match="end_date: this would be more than 100000 dates"):
        run(DateRange(start_date=datetime(1, 1, 1), end_date=datetime(9999, 1, 1)))
