"""Nodes that calculate with times: moved, compared, and listed. A time without a zone is taken for UTC."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal, TypedDict

from nodetool.nodes._moments import Unit, moved, shifted, utc
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

MAX_DATES = 100_000
"""Of a range."""


class Difference(TypedDict):
    """A duration, whole and in parts."""

    total_seconds: int
    days: int
    hours: int
    minutes: int
    seconds: int


class AddTimeDelta(Node):
    """Move a time by days, hours and minutes; negative ones move it back.
    date, time, add, subtract, move

    Use cases:
    - Find when something is due
    - Find when a period began
    - Move a time into another zone
    """

    type_name: ClassVar = "lib.date.AddTimeDelta"
    runs: ClassVar[Runs] = "inline"

    input_datetime: datetime
    days: Annotated[int, Meta(ge=-3650, le=3650)] = 0
    hours: Annotated[int, Meta(ge=-24, le=24)] = 0
    minutes: Annotated[int, Meta(ge=-60, le=60)] = 0

    def process(self) -> datetime:
        change = timedelta(days=self.days, hours=self.hours, minutes=self.minutes)
        return moved(utc(self.input_datetime), change, "input_datetime")


class RelativeTime(Node):
    """Tell the time that is a while from now, in UTC.
    date, time, relative, ago, future, past

    Use cases:
    - Ask for what is new since yesterday
    - Set a time limit
    - Find records of the last months
    """

    type_name: ClassVar = "lib.date.RelativeTime"
    runs: ClassVar[Runs] = "inline"

    amount: Annotated[int, Meta(ge=0, le=100_000, description="How many of the unit.")] = 1
    unit: Unit = "days"
    direction: Literal["past", "future"] = "future"

    def process(self) -> datetime:
        amount = self.amount if self.direction == "future" else -self.amount
        return shifted(datetime.now(UTC), amount, self.unit, "amount")


class DateDifference(Node):
    """Tell how long it is from one time to another: in seconds, and in days, hours, minutes and seconds.
    date, time, difference, duration, age

    If the end comes first, all are negative or 0.

    Use cases:
    - Tell how old something is
    - Tell how long something took
    - Find out whether something is due
    """

    type_name: ClassVar = "lib.date.DateDifference"
    runs: ClassVar[Runs] = "inline"

    start_date: datetime
    end_date: datetime

    def process(self) -> Difference:
        total = int((utc(self.end_date) - utc(self.start_date)).total_seconds())
        sign = -1 if total < 0 else 1
        minutes, seconds = divmod(abs(total), 60)
        hours, minutes = divmod(minutes, 60)
        days, hours = divmod(hours, 24)
        return {
            "total_seconds": total,
            "days": sign * days,
            "hours": sign * hours,
            "minutes": sign * minutes,
            "seconds": sign * seconds,
        }


class DateRange(Node):
    """List the times from a start up to an end, some days apart.
    date, time, range, days, list

    Use cases:
    - Make a row for each day
    - Go through the weeks of a year
    - Find days without a record
    """

    type_name: ClassVar = "lib.date.DateRange"
    runs: ClassVar[Runs] = "inline"

    start_date: datetime
    end_date: datetime
    step_days: Annotated[int, Meta(ge=1, description="Days from one to the next.")] = 1

    def process(self) -> list[datetime]:
        start, end = utc(self.start_date), utc(self.end_date)
        count = (end - start).days // self.step_days + 1
        if count > MAX_DATES:
            raise BadInput("end_date", f"this would be more than {MAX_DATES} dates", end.isoformat())
        return [start + timedelta(days=self.step_days * place) for place in range(count)]


class IsDateInRange(Node):
    """Say whether a time lies between two others.
    date, time, range, between, check

    Use cases:
    - Find records of a period
    - Find out whether an offer still stands
    - Choose a branch by date
    """

    type_name: ClassVar = "lib.date.IsDateInRange"
    runs: ClassVar[Runs] = "inline"

    check_date: datetime
    start_date: datetime
    end_date: datetime
    inclusive: Annotated[bool, Meta(description="The limits themselves are in the range.")] = True

    def process(self) -> bool:
        start, moment, end = utc(self.start_date), utc(self.check_date), utc(self.end_date)
        return start <= moment <= end if self.inclusive else start < moment < end
