"""Frames of the socket: MessagePack in binary ones, JSON in text ones."""

from itertools import islice
from typing import Any, Literal, get_args

import msgspec

from nodetool.protocol import codec
from nodetool.protocol.commands import AnyCommand, Ping, RequestId
from nodetool.protocol.errors import InvalidFrame, InvalidJson, InvalidRequest, NodetoolError, UnknownCommand
from nodetool.protocol.replies import Refusal, Reply
from nodetool.server.ports import Batch

TURN_BYTES = 64 * 1024

Mode = Literal["binary", "text"]
Frame = bytes | str

COMMANDS = frozenset(kind.__struct_config__.tag for kind in get_args(AnyCommand))


class Head(msgspec.Struct):
    """What is looked at in a frame that is no command of ours."""

    command: Any = None
    type: Any = None
    request_id: Any = None


_json: "msgspec.json.Decoder[AnyCommand]" = msgspec.json.Decoder(AnyCommand)
_msgpack: "msgspec.msgpack.Decoder[AnyCommand]" = msgspec.msgpack.Decoder(AnyCommand)
_json_head = msgspec.json.Decoder(Head)
_msgpack_head = msgspec.msgpack.Decoder(Head)


def command_of(frame: Frame) -> AnyCommand | Refusal | None:
    """Decode a frame by its kind. What cannot be taken comes back as its refusal; None is to be ignored."""
    try:
        command: AnyCommand = _decode(frame, _json, _msgpack)
        return command
    except InvalidRequest as error:
        return _other(frame, error)
    except InvalidFrame as error:
        return Refusal.of(error)


def _decode(frame: Frame, json: "msgspec.json.Decoder[Any]", msgpack: "msgspec.msgpack.Decoder[Any]") -> Any:
    if isinstance(frame, bytes):
        return codec.from_msgpack(frame, msgpack)
    try:
        return codec.from_json(frame.encode(), json)
    except InvalidJson as error:
        raise InvalidFrame(error.detail.replace("body", "frame", 1)) from error


def _other(frame: Frame, misfit: InvalidRequest) -> AnyCommand | Refusal | None:
    """Decide about a frame that is well-formed and no command of ours."""
    try:
        head: Head = _decode(frame, _json_head, _msgpack_head)
    except NodetoolError:
        return Refusal.of(InvalidFrame("a frame is a map with the key command"))
    request_id = request_id_in(head)
    if head.command is None:
        return _typed(head, request_id)
    if not isinstance(head.command, str) or head.command not in COMMANDS:
        return Refusal.of(UnknownCommand(f"there is no command {str(head.command)[:80]!r}"), request_id=request_id)
    return Refusal.of(misfit, command=head.command, request_id=request_id)


def request_id_in(head: Head) -> str | int | None:
    try:
        known: str | int | None = msgspec.convert(head.request_id, RequestId | None)
        return known
    except msgspec.ValidationError:
        return None


def _typed(head: Head, request_id: str | int | None) -> AnyCommand | Refusal | None:
    if head.type == "ping":
        return Ping(request_id=request_id)
    if isinstance(head.type, str):
        return None
    return Refusal.of(InvalidFrame("a frame is a map with the key command"), request_id=request_id)


class Introduction(msgspec.Struct):
    """What is looked at in the first frame of a socket that came without a token."""

    auth_token: Any = None
    data: Any = None


_json_first = msgspec.json.Decoder(Introduction)
_msgpack_first = msgspec.msgpack.Decoder(Introduction)


def token_in(frame: Frame) -> str:
    """Return the ``auth_token`` that a first command holds, beside its data or in it; nothing if there is none."""
    try:
        first: Introduction = _decode(frame, _json_first, _msgpack_first)
    except NodetoolError:
        return ""
    inner = first.data.get("auth_token") if isinstance(first.data, dict) else None
    return next((token for token in (first.auth_token, inner) if isinstance(token, str)), "")


def reply_frame(reply: Reply, mode: Mode) -> Frame:
    return codec.to_msgpack(reply) if mode == "binary" else codec.to_json(reply).decode()


class Parcel:
    """A batch on its way to a client, one event a frame. The mode may change on the way."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.sent = 0
        self._frames: list[Frame] = []
        self._mode: Mode | None = None

    @property
    def done(self) -> bool:
        return self.sent == self.batch.count

    @property
    def seq(self) -> int:
        """The number of the last event that was sent."""
        return self.batch.first_seq + self.sent - 1

    def turn(self, mode: Mode) -> list[Frame]:
        """Return the next frames, of at most TURN_BYTES or one longer frame."""
        if mode != self._mode:
            self._mode = mode
            self._frames = frames_of(self.batch, mode)
        size, end = 0, self.sent
        for frame in islice(self._frames, self.sent, None):
            size += len(frame)
            if size > TURN_BYTES and end > self.sent:
                break
            end += 1
        return self._frames[self.sent : end]


def frames_of(batch: Batch, mode: Mode) -> list[Frame]:
    if mode == "binary":
        return [bytes(event) for event in codec.split(batch.count, batch.data)]
    return [*batch.lines().decode().splitlines()]
