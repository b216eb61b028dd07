"""Values that are written into the workflow itself."""

from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Year = Annotated[int, Meta(ge=1, le=9999)]
Month = Annotated[int, Meta(ge=1, le=12)]
Day = Annotated[int, Meta(ge=1, le=31)]


class String(Node):
    """A fixed text.
    constant, string, text, literal

    Use cases:
    - Keep a prompt or a template in the workflow
    - Give several nodes the same text
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.String"
    runs: ClassVar[Runs] = "inline"

    value: str = ""

    def process(self) -> str:
        return self.value


class Integer(Node):
    """A fixed whole number.
    constant, integer, number, literal

    Use cases:
    - Set a limit, a count or a position
    - Give several nodes the same number
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.Integer"
    runs: ClassVar[Runs] = "inline"

    value: int = 0

    def process(self) -> int:
        return self.value


class Float(Node):
    """A fixed number.
    constant, float, number, literal

    Use cases:
    - Set a threshold or a rate
    - Give several nodes the same number
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.Float"
    runs: ClassVar[Runs] = "inline"

    value: float = 0.0

    def process(self) -> float:
        return self.value


class Bool(Node):
    """A fixed yes or no.
    constant, boolean, switch, literal

    Use cases:
    - Fix the way an If goes
    - Turn a part of a workflow off for a while
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.Bool"
    runs: ClassVar[Runs] = "inline"

    value: bool = False

    def process(self) -> bool:
        return self.value


class List(Node):
    """A fixed list.
    constant, list, array, literal

    Use cases:
    - Keep a small table in the workflow
    - Give a For Each the items to send on
    - Name the choices of a later node
    """

    type_name: ClassVar = "nodetool.constant.List"
    runs: ClassVar[Runs] = "inline"

    value: list[Any] = []

    def process(self) -> list[Any]:
        return self.value


class Dict(Node):
    """A fixed dictionary.
    constant, dictionary, object, literal

    Use cases:
    - Keep settings in the workflow
    - Keep a JSON Schema to validate against
    - Give defaults that a Combine overrides
    """

    type_name: ClassVar = "nodetool.constant.Dict"
    runs: ClassVar[Runs] = "inline"

    value: dict[str, Any] = {}

    def process(self) -> dict[str, Any]:
        return self.value


class Date(Node):
    """A fixed date.
    constant, date, day, literal

    Use cases:
    - Set where a period begins or ends
    - Give several nodes the same date
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.Date"
    runs: ClassVar[Runs] = "inline"

    year: Year = 1900
    month: Month = 1
    day: Day = 1

    def process(self) -> date:
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            raise BadInput("day", f"month {self.month} of {self.year} has no such day", self.day) from None


class DateTime(Node):
    """A fixed time.
    constant, date, time, literal

    Use cases:
    - Set a time limit
    - Give several nodes the same time
    - Try a workflow before it has inputs
    """

    type_name: ClassVar = "nodetool.constant.DateTime"
    runs: ClassVar[Runs] = "inline"

    year: Year = 1900
    month: Month = 1
    day: Day = 1
    hour: Annotated[int, Meta(ge=0, le=23)] = 0
    minute: Annotated[int, Meta(ge=0, le=59)] = 0
    second: Annotated[int, Meta(ge=0, le=59)] = 0
    microsecond: Annotated[int, Meta(ge=0, le=999_999)] = 0
    tzinfo: Annotated[str, Meta(description="A zone, like UTC or Europe/Berlin.")] = "UTC"
    utc_offset: Annotated[int, Meta(ge=-86_399, le=86_399, description="Seconds, in place of a zone; 0 is none.")] = 0

    def process(self) -> datetime:
        day = (self.year, self.month, self.day)
        zone = _zone(self.tzinfo, self.utc_offset)
        try:
            return datetime(*day, self.hour, self.minute, self.second, self.microsecond, tzinfo=zone)
        except ValueError:
            raise BadInput("day", f"month {self.month} of {self.year} has no such day", self.day) from None


def _zone(name: str, offset: int) -> tzinfo:
    if offset:
        return timezone(timedelta(seconds=offset))
    try:
        return ZoneInfo(name or "UTC")
    except (ValueError, OSError, LookupError):
        raise BadInput("tzinfo", "there is no such zone", name) from None
