"""Where a reader of a job's events is, so that it can read on over another connection."""

from typing import Any

import msgspec

from nodetool.client.errors import BadAnswer
from nodetool.protocol.events import ENDED, AnyEvent, JobUpdate


class Head(msgspec.Struct):
    """What every event has, also one of a kind that this client does not know."""

    type: str
    seq: int
    job_id: str


_json: "msgspec.json.Decoder[AnyEvent]" = msgspec.json.Decoder(AnyEvent)
_json_head = msgspec.json.Decoder(Head)
_msgpack: "msgspec.msgpack.Decoder[AnyEvent]" = msgspec.msgpack.Decoder(AnyEvent)
_msgpack_head = msgspec.msgpack.Decoder(Head)

KNOWN = frozenset(kind.__struct_config__.tag for kind in AnyEvent.__args__)


def event_of(data: bytes | str) -> AnyEvent | Head:
    """Decode an event: bytes of MessagePack, or text of JSON. Of an unknown kind only the head.

    Raises:
        BadAnswer: it is no event.
    """
    decoders: tuple[Any, Any] = (_json, _json_head) if isinstance(data, str) else (_msgpack, _msgpack_head)
    try:
        event: AnyEvent = decoders[0].decode(data)
        return event
    except msgspec.ValidationError as error:
        head: Head = _decoded(decoders[1], data)
        if head.type in KNOWN:
            raise BadAnswer(f"the server sent an event that does not fit: {error}") from error
        return head
    except msgspec.DecodeError as error:
        raise BadAnswer(f"the server sent what is no event: {data[:200]!r}") from error


def _decoded(decoder: Any, data: bytes | str) -> Any:
    try:
        return decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise BadAnswer(f"the server sent what is no event: {error}") from error


class Bookmark:
    """The last event of a job that was read. ``ended`` once that was the terminal one."""

    def __init__(self, job_id: str = "", seq: int = 0) -> None:
        self.job_id = job_id
        self.seq = seq
        self.ended = False

    def take(self, data: bytes | str) -> AnyEvent | None:
        """Decode the next event and move on; None for one of an unknown kind.

        Raises:
            BadAnswer: it is no event, or not the next one.
        """
        event = event_of(data)
        if event.seq != self.seq + 1:
            raise BadAnswer(f"event {event.seq} came where {self.seq + 1} was due")
        self.seq = event.seq
        if isinstance(event, Head):
            return None
        self.ended = isinstance(event, JobUpdate) and event.status in ENDED
        return event
