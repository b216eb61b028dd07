"""Dates: read, written, and what they belong to."""

# ruff: noqa: DTZ001 - times without a zone are taken for UTC

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.date import (
    BoundaryTime,
    DatetimeToDate,
    DateToDatetime,
    FormatDateTime,
    GetQuarter,
    GetWeekday,
    Now,
    ParseDate,
    ParseDateTime,
    Today,
)
from nodetool.sdk.testing import run

MOMENT = datetime(2024, 2, 29, 13, 5, 9, 7, UTC)
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))


@given(st.dates(date(1000, 1, 1)))
def test_parse_undoes_format(day: date) -> None:
    moment = datetime(day.year, day.month, day.day)
    written = FormatDateTime(input_datetime=moment, output_format="%m/%d/%Y").process()

    assert ParseDate(date_string=written, input_format="%m/%d/%Y").process() == day


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        (" 2024-02-29 ", "%Y-%m-%d", datetime(2024, 2, 29, tzinfo=UTC)),
        ("20240229_130509", "%Y%m%d_%H%M%S", datetime(2024, 2, 29, 13, 5, 9, tzinfo=UTC)),
        ("2024-02-29T14:05:09+0100", "%Y-%m-%dT%H:%M:%S%z", datetime(2024, 2, 29, 13, 5, 9, tzinfo=UTC)),
        ("February 29, 2024", "%B %d, %Y", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_its_form(text: str, form: Any, moment: datetime) -> None:
    assert run(ParseDateTime(datetime_string=text, input_format=form)) == moment


@pytest.mark.parametrize("text", ["", "2023-02-29", "29.2.2024", "2024-02-29 13:00"])
def test_what_is_no_date_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"date_string: is not written as %Y-%m-%d, got '{text}'"):
        run(ParseDate(date_string=text))


def test_a_time_is_written_in_a_form() -> None:
    assert run(FormatDateTime(input_datetime=MOMENT)) == "February 29, 2024"
    assert run(FormatDateTime(input_datetime=MOMENT, output_format="%Y-%m-%dT%H:%M:%S%z")) == "2024-02-29T13:05:09+0000"


@given(st.dates())
def test_a_date_is_a_time_and_again_a_date(day: date) -> None:
    assert DatetimeToDate(input_datetime=DateToDatetime(input_date=day).process()).process() == day


def test_now_is_today() -> None:
    before = datetime.now(UTC)

    assert before <= run(Now()) <= before + timedelta(seconds=20)
    assert run(Today()) - before.date() in (timedelta(0), timedelta(days=1))


def test_a_weekday_has_a_name_and_a_number() -> None:
    assert (run(GetWeekday(input_datetime=MOMENT)), run(GetWeekday(input_datetime=MOMENT, as_name=False))) == (
        "Thursday",
        3,
    )


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("day", "2024-02-29", "2024-02-29"),
        ("week", "2024-02-26", "2024-03-03"),
        ("month", "2024-02-01", "2024-02-29"),
        ("year", "2024-01-01", "2024-12-31"),
    ],
)
def test_a_period_has_limits(period: Any, start: str, end: str) -> None:
    first = run(BoundaryTime(input_datetime=MOMENT, period=period))
    last = run(BoundaryTime(input_datetime=MOMENT, period=period, boundary="end"))

    assert first.isoformat() == f"{start}T00:00:00+00:00"
    assert last.isoformat() == f"{end}T23:59:59.999999+00:00"


def test_a_week_may_begin_on_sunday() -> None:
    assert run(BoundaryTime(input_datetime=MOMENT, period="week", start_monday=False)).day == 25


@given(MOMENTS, st.sampled_from(["day", "week", "month", "year"]))
def test_a_time_lies_within_its_periods(moment: datetime, period: Any) -> None:
    start = BoundaryTime(input_datetime=moment, period=period).process()
    end = BoundaryTime(input_datetime=moment, period=period, boundary="end").process()

    assert start <= moment <= end
    assert BoundaryTime(input_datetime=end + timedelta(microseconds=1), period=period).process() > end


@given(MOMENTS)
def test_a_time_lies_within_its_quarter(moment: datetime) -> None:
    found = GetQuarter(input_datetime=moment).process()

    assert found["quarter_start"] <= moment <= found["quarter_end"]
    assert found["quarter"] == (moment.month + 2) // 3
    assert (found["quarter_end"] + timedelta(microseconds=1)).day == 1
