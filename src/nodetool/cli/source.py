"""What a command is given: a workflow in a file or on stdin, the id of a stored one, and params."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from nodetool.protocol.errors import InvalidJson, InvalidRequest, NodetoolError

T = TypeVar("T")

STDIN = "-"


class WrongUsage(NodetoolError):
    """An argument is wrong."""

    code = "wrong_usage"


@dataclass(frozen=True, slots=True)
class Source:
    """The graph of a workflow, and what it is called."""

    name: str
    graph: bytes


class _Document(msgspec.Struct):
    graph: msgspec.Raw = msgspec.Raw()


_document = msgspec.json.Decoder(_Document)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_id = msgspec.json.Decoder(str | None)
_params = msgspec.json.Decoder(dict[str, Any])


def is_file(text: str) -> bool:
    """Tell whether *text* names a file; else it is the id of a stored workflow.

    Raises:
        WrongUsage: it can only be the name of a file, and there is none.
    """
    if text == STDIN or Path(text).is_file():
        return True
    if Path(text).suffix == ".json" or "/" in text or Path(text).exists():
        raise WrongUsage(f"there is no file {text}")
    return False


def read(text: str) -> Source:
    """Read a workflow document, or a bare graph.

    Raises:
        OSError: the file cannot be read.
        InvalidJson, InvalidRequest: it holds something else.
    """
    data, name = read_bytes(text), name_of(text)
    return Source(name, bytes(decoded(data, _document, name).graph) or data)


def document(text: str, id: str | None) -> dict[str, Any]:
    """Read a workflow document to store, under *id* if that is given. A bare graph gets the name of its file.

    Its parts are left as they are written. Raises as ``read`` does.
    """
    data, name = read_bytes(text), name_of(text)
    found = decoded(data, _fields, name)
    if "graph" not in found:
        found = {"graph": msgspec.Raw(data)}
    fields: dict[str, Any] = {"name": "a workflow" if text == STDIN else Path(text).stem, **found}
    own = _id_in(found.get("id", b"null"), name)
    return {**fields, "id": id or own}


def name_of(text: str) -> str:
    return "the workflow on stdin" if text == STDIN else Path(text).name


def _id_in(data: bytes, name: str) -> str | None:
    try:
        id: str | None = _id.decode(data)
        return id
    except msgspec.MsgspecError as error:
        raise InvalidRequest(f"{name}: its id is no text") from error


def decoded(data: bytes, decoder: "msgspec.json.Decoder[T]", name: str) -> T:
    """Return the JSON object that *name* holds. Raises InvalidJson, InvalidRequest: it holds something else."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{name} holds no JSON object") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidJson(f"{name} is not JSON: {error}") from error


def params(pairs: Sequence[str], file: Path | None) -> dict[str, Any]:
    """Return the params that a file holds, and over them those of ``name=value`` pairs.

    Raises:
        WrongUsage: a pair is none.
        OSError: a file cannot be read.
        InvalidJson, InvalidRequest: the file of params holds something else.
    """
    return {**(_params_of(file) if file else {}), **dict(map(_pair, pairs))}


def _params_of(file: Path) -> dict[str, Any]:
    """As in the body of a request, the params may stand in an envelope: ``{"params": {…}}``."""
    try:
        found = _params.decode(read_bytes(str(file)))
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{file.name}: params are a JSON object with a value for each input") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise InvalidJson(f"{file.name} is not JSON: {error}") from error
    match found:
        case {"params": dict(inner), **rest} if not rest:
            return inner
    return found


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise WrongUsage(f"--input {text}: expected NAME=VALUE or NAME=@FILE")
    if value.startswith("@@"):
        return name, value[1:]
    return name, _text(value[1:]) if value.startswith("@") else value


def _text(file: str) -> str:
    try:
        return read_bytes(file).decode()
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{file} is not UTF-8 text") from error


def read_bytes(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
