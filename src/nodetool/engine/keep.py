"""What firings sent, kept so that a later attempt of the job does not compute it again."""

from collections.abc import Callable
from math import isnan
from typing import Any

import msgspec

from nodetool.engine.bind import BoundNode
from nodetool.engine.collect import array
from nodetool.engine.gate import Row
from nodetool.engine.handles import by_handle
from nodetool.protocol.frames import Checkpoint
from nodetool.protocol.values import Unsendable, exactly

RESULTS = 16
"""All that is kept of a job may be as large as so many of the largest results."""


class Checkpoints:
    """What earlier attempts of a job kept, by the key of the firing, and what this one adds to it with *put*."""

    def __init__(
        self,
        found: dict[bytes, Checkpoint],
        put: Callable[[bytes, bytes], None],
        *,
        max_result: int,
        is_secret: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._found = found
        self._put = put
        self._is_secret = is_secret
        self._max_result = max_result
        self._room = RESULTS * max_result - sum(len(one.data) for one in found.values())

    def take(self, key: bytes) -> Checkpoint | None:
        """Return what an earlier attempt kept of a firing, which nobody asks for twice."""
        return self._found.pop(key, None)

    def record(self, node: BoundNode) -> "Recording":
        """Return what takes down what a firing sends."""
        return Recording(node, min(self._max_result, self._room), self._is_secret)

    def keep(self, key: bytes, recording: "Recording") -> None:
        """Keep what a firing sent, which has sent everything."""
        data = recording.data()
        self._room -= len(data)
        self._put(key, data)


class Recording:
    """What one firing sends, as bytes. At the first item that could not be had back it gives up, and says why."""

    def __init__(self, node: BoundNode, room: int, is_secret: Callable[[bytes], bool] | None) -> None:
        self.flaw = ""
        """Why this cannot be kept."""
        self._node = node
        self._room = room
        self._is_secret = is_secret
        self._items: list[bytes] = []

    def add(self, made: Any) -> None:
        """Take down what a node returned or yielded. Raises NodeFailed."""
        if self.flaw:
            return
        sent = dict(by_handle(self._node, made))
        try:
            data = exactly(sent)
            _compare(sent, _read(self._node, msgspec.msgpack.decode(data)))
        except Unsendable as error:
            self.give_up(str(error))
            return
        if self._is_secret and self._is_secret(data):
            self.give_up("it holds a secret")
            return
        self._items.append(data)
        self._room -= len(data)
        if self._room < 0:
            self.give_up("it is over the limit")

    def give_up(self, flaw: str) -> None:
        self.flaw = flaw
        self._items.clear()

    def data(self) -> bytes:
        return array(self._items)


def restored(node: BoundNode, data: bytes) -> list[Any]:
    """Return what a firing returned or yielded, item by item, of the types that its class declares.

    Raises:
        Unsendable: it does not fit these types.
    """
    rows = [_read(node, row) for row in msgspec.msgpack.decode(data)]
    return rows if node.named else [row.get("output") for row in rows]


def _read(node: BoundNode, plain: Row) -> Row:
    hints = dict(node.shape.process.outputs)
    return {handle: _converted(handle, value, hints.get(handle, Any)) for handle, value in plain.items()}


def _converted(handle: str, value: Any, hint: Any) -> Any:
    try:
        return msgspec.convert(value, hint, builtin_types=(bytes,), str_keys=True)
    except msgspec.ValidationError as error:
        raise Unsendable(f"{handle}: {error}") from error
    except TypeError:  # an annotation that msgspec knows nothing of
        return value


def _compare(sent: Row, back: Row) -> None:
    """Raise Unsendable if something would come back as something else."""
    for handle, value in sent.items():
        if not _same(value, back[handle]):
            raise Unsendable(f"{handle} would come back as another type, since its annotation does not name the type")


def _same(made: Any, back: Any) -> bool:
    """Say whether *back* will do for *made*: of a number or a text the annotation may say another type."""
    if isinstance(made, dict) and isinstance(back, dict):
        return made.keys() == back.keys() and all(_same(value, back[key]) for key, value in made.items())
    if isinstance(made, list) and isinstance(back, list):
        return len(made) == len(back) and all(map(_same, made, back))
    if isinstance(made, float) and isnan(made):
        return isinstance(back, float) and isnan(back)
    are_atoms = isinstance(made, str | int | float) and isinstance(back, str | int | float)
    return (are_atoms or type(made) is type(back)) and bool(made == back)
