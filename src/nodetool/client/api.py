"""The API of one surface, by its paths: what is asked for and answered is JSON, and a refusal is an exception."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from nodetool.client.errors import BadAnswer, refused
from nodetool.client.http import Http, Incoming, Request
from nodetool.protocol import codec
from nodetool.protocol.values import plain

JOB_ID = "nodetool-job-id"

NDJSON = "application/x-ndjson"

SILENCE = 60.0
"""Seconds after which a stream that says nothing is lost. A server gives a sign of life every 15."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is whole. ``value`` is its JSON, None if there is none."""

    status: int
    headers: Mapping[str, str]
    value: Any

    def part(self, name: str) -> Any:
        """Return a part of it. Raises BadAnswer: there is none of this name."""
        if isinstance(self.value, dict) and name in self.value:
            return self.value[name]
        raise BadAnswer(f"the answer has no {name}; whoever answered may be no server of ours")


class Api:
    """What a client asks of a server. *prefix* is ``/api``, or nothing on the worker surface."""

    def __init__(self, http: Http, prefix: str) -> None:
        self._http = http
        self._prefix = prefix

    async def ask(self, request: Request, *, patient: bool = False) -> Answer:
        """Return the answer; *patient* if it may take as long as a run does.

        Raises:
            Refused, Unreachable, BadAnswer
        """
        timeout = None if patient else self._http.timeout
        async with self._http.open(self._at_prefix(request), timeout=timeout) as incoming:
            body = await incoming.body(self._http.timeout)
        if incoming.status >= 400:
            raise refused(incoming.status, body)
        return Answer(incoming.status, incoming.headers, json_of(body))

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Incoming]:
        """Send a request that is answered by a stream; raises as ask does."""
        async with self._http.open(self._at_prefix(request), timeout=self._http.timeout) as incoming:
            if incoming.status >= 400:
                raise refused(incoming.status, await incoming.body(self._http.timeout))
            yield incoming

    def _at_prefix(self, request: Request) -> Request:
        return Request(
            method=request.method,
            path=self._prefix + request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
        )


def path(*parts: str) -> str:
    """Return the path of these parts; an id may hold anything."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def given(**query: str | None) -> dict[str, str]:
    """Return the part of a query that was given."""
    return {name: value for name, value in query.items() if value}


def params_body(params: Mapping[str, Any] | None) -> bytes:
    return codec.to_json({"params": plain(dict(params or {}))})


def json_of(body: bytes) -> Any:
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise BadAnswer(f"the answer is not JSON: {body[:200].decode(errors='replace')!r}") from error


class Lines:
    """Puts the lines of a body together again, wherever it was cut."""

    def __init__(self) -> None:
        self.rest = b""
        """What has no newline behind it yet."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that are whole now. Empty ones are signs of life, and left out."""
        *whole, self.rest = (self.rest + chunk).split(b"\n")
        return [line for line in whole if line and not line.isspace()]
