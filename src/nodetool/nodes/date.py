"""Nodes that work with dates and times. A time without a zone is taken for UTC."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, ClassVar, Literal, TypedDict

from nodetool.nodes._moments import day_of, moved, shifted, utc
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Format = Literal[
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%B %d, %Y",
    "%Y%m%d",
    "%Y%m%d_%H%M%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%z",
]
Period = Literal["day", "week", "month", "year"]


class Quarter(TypedDict):
    """A quarter of a year, with its first and last moment."""

    quarter: int
    quarter_start: datetime
    quarter_end: datetime


class Now(Node):
    """Tell the time, in UTC.
    date, time, now, current

    Use cases:
    - Date a report
    - Tell how old something is
    - Name a file after the time
    """

    type_name: ClassVar = "lib.date.Now"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> datetime:
        return datetime.now(UTC)


class Today(Node):
    """Tell the date, in UTC.
    date, today, current, day

    Use cases:
    - Date a letter
    - Find what is due
    - Name a file after the day
    """

    type_name: ClassVar = "lib.date.Today"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> date:
        return datetime.now(UTC).date()


class ParseDate(Node):
    """Read a date that is written in a certain form.
    date, parse, read, format

    Use cases:
    - Read a column of a table
    - Read what a caller typed
    - Bring dates into one form
    """

    type_name: ClassVar = "lib.date.ParseDate"
    runs: ClassVar[Runs] = "inline"

    date_string: str = ""
    input_format: Annotated[Format, Meta(description="How the date is written.")] = "%Y-%m-%d"

    def process(self) -> date:
        return _parsed(self.date_string, self.input_format, "date_string").date()


class ParseDateTime(Node):
    """Read a time that is written in a certain form.
    date, time, parse, read, format

    Use cases:
    - Read the lines of a log
    - Read what a web service sends
    - Bring times into one form
    """

    type_name: ClassVar = "lib.date.ParseDateTime"
    runs: ClassVar[Runs] = "inline"

    datetime_string: str = ""
    input_format: Annotated[Format, Meta(description="How the time is written.")] = "%Y-%m-%d"

    def process(self) -> datetime:
        return _parsed(self.datetime_string, self.input_format, "datetime_string")


class FormatDateTime(Node):
    """Write a time in a certain form.
    date, time, format, write, text

    Use cases:
    - Write a date into a report
    - Name a file after a time
    - Write times as another program reads them
    """

    type_name: ClassVar = "lib.date.FormatDateTime"
    runs: ClassVar[Runs] = "inline"

    input_datetime: datetime
    output_format: Annotated[Format, Meta(description="How the time is written.")] = "%B %d, %Y"

    def process(self) -> str:
        return utc(self.input_datetime).strftime(self.output_format)


class DateToDatetime(Node):
    """Make a time of a date: the beginning of the day.
    date, time, convert, day

    Use cases:
    - Calculate with a date
    - Compare a date with a time
    - Give a date to a node that takes times
    """

    type_name: ClassVar = "lib.date.DateToDatetime"
    runs: ClassVar[Runs] = "inline"

    input_date: date

    def process(self) -> datetime:
        return datetime.combine(self.input_date, time(), UTC)


class DatetimeToDate(Node):
    """Take the date of a time.
    date, time, convert, day

    Use cases:
    - Group records by day
    - Leave the time of day out
    - Compare days
    """

    type_name: ClassVar = "lib.date.DatetimeToDate"
    runs: ClassVar[Runs] = "inline"

    input_datetime: datetime

    def process(self) -> date:
        return self.input_datetime.date()


class GetQuarter(Node):
    """Tell the quarter of the year, with its first and last moment.
    date, quarter, year, period

    Use cases:
    - Group figures by quarter
    - Ask for the records of a quarter
    - Head a report
    """

    type_name: ClassVar = "lib.date.GetQuarter"
    runs: ClassVar[Runs] = "inline"

    input_datetime: datetime

    def process(self) -> Quarter:
        given = utc(self.input_datetime)
        quarter = (given.month - 1) // 3 + 1
        start = day_of(given).replace(month=3 * quarter - 2, day=1)
        return {"quarter": quarter, "quarter_start": start, "quarter_end": _end(start, 3)}


class GetWeekday(Node):
    """Tell the day of the week, by name or by number (Monday is 0).
    date, weekday, day, week

    Use cases:
    - Act on working days only
    - Group figures by weekday
    - Write a date with its weekday
    """

    type_name: ClassVar = "lib.date.GetWeekday"
    runs: ClassVar[Runs] = "inline"

    input_datetime: datetime
    as_name: Annotated[bool, Meta(description="Its English name, not its number.")] = True

    def process(self) -> str | int:
        return f"{self.input_datetime:%A}" if self.as_name else self.input_datetime.weekday()


class BoundaryTime(Node):
    """Tell the first or the last moment of a day, week, month or year.
    date, time, start, end, period

    Use cases:
    - Ask for the records of a month
    - Find when a week begins
    - Find the end of a time limit
    """

    type_name: ClassVar = "lib.date.BoundaryTime"
    runs: ClassVar[Runs] = "inline"

    input_datetime: datetime
    period: Period = "day"
    boundary: Literal["start", "end"] = "start"
    start_monday: Annotated[bool, Meta(description="A week begins on Monday, not on Sunday.")] = True

    def process(self) -> datetime:
        start = self._start(day_of(utc(self.input_datetime)))
        if self.boundary == "start":
            return start
        if self.period in ("day", "week"):
            days = 1 if self.period == "day" else 7
            return moved(start, timedelta(days=days, microseconds=-1), "input_datetime")
        return _end(start, 1 if self.period == "month" else 12)

    def _start(self, day: datetime) -> datetime:
        match self.period:
            case "day":
                return day
            case "week":
                since = day.weekday() if self.start_monday else (day.weekday() + 1) % 7
                return moved(day, timedelta(days=-since), "input_datetime")
            case "month":
                return day.replace(day=1)
            case "year":
                return day.replace(month=1, day=1)


def _parsed(text: str, form: str, handle: str) -> datetime:
    try:
        return utc(datetime.strptime(text.strip(), form))  # noqa: DTZ007 - some of the forms have no zone
    except ValueError:
        raise BadInput(handle, f"is not written as {form}", text) from None


def _end(start: datetime, months: int) -> datetime:
    """Return the last moment of the period that begins with *start*."""
    last = shifted(start, months - 1, "months", "input_datetime")
    following = last.replace(day=28) + timedelta(days=4)
    return (following - timedelta(days=following.day)).replace(hour=23, minute=59, second=59, microsecond=999_999)
