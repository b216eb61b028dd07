"""What the nodes for dates have in common."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Literal

from nodetool.sdk import BadInput

Unit = Literal["hours", "days", "months"]


def utc(moment: datetime) -> datetime:
    """Return *moment* with a zone: UTC if it has none."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def day_of(moment: datetime) -> datetime:
    """Return when the day of *moment* begins."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def moved(moment: datetime, change: timedelta, handle: str) -> datetime:
    """Return *moment* moved by *change*. Raises BadInput."""
    try:
        return moment + change
    except OverflowError:
        raise BadInput(handle, "leads out of the years 1 to 9999", moment.isoformat()) from None


def shifted(moment: datetime, amount: int, unit: Unit, handle: str) -> datetime:
    """Return *moment* moved by so many units. A month keeps the day, or takes its last one. Raises BadInput."""
    if unit != "months":
        return moved(moment, timedelta(**{unit: amount}), handle)
    years, month = divmod(moment.month - 1 + amount, 12)
    year = moment.year + years
    if not 1 <= year <= 9999:
        raise BadInput(handle, "leads out of the years 1 to 9999", amount)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
