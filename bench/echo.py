"""The least that the same HTTP server can do: what every rate is measured beside.

A handler registered as ours are, with the same flags; it decodes the same body and answers 50 bytes. Streams and
sockets have their echo too: ready-made events, sent as the product sends them. No job stands behind any of it, so the
rest, up to the product's figure, is what a durable run costs.
"""

import argparse
import gc
import socket
from typing import Any

import msgspec
import uvicorn
import uvloop
from litestar import Litestar, asgi

from nodetool.protocol.codec import to_json, to_msgpack
from nodetool.protocol.documents import RunRequest
from nodetool.protocol.events import OutputUpdate
from nodetool.server.asgi import at_socket, handler
from nodetool.server.listener import uvicorn_settings
from nodetool.server.options import Options
from nodetool.server.requests import Request, id_of, read_json
from nodetool.server.responses import Answer
from nodetool.server.routes import Route
from nodetool.server.streams import WRITE_BYTES
from nodetool.server.types import ASGIApp, Receive, Scope, Send

FIFTY = b'{"output":"bbb","padding":"%s"}' % (b"." * 21)

EVENT = OutputUpdate(
    job_id="0" * 32,
    workflow_id="0" * 32,
    seq=10_000,
    time=1_700_000_000_000,
    node_id="out",
    node_name="output",
    output_name="output",
    value="item 10000",
    output_type="string",
    metadata={},
)

_body = msgspec.json.Decoder(RunRequest)


class Lines:
    """An answer of many lines, in writes of the product's size."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it is ASGI
        line = to_json(EVENT) + b"\n"
        together = WRITE_BYTES // len(line)
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/x-ndjson")]}
        )
        for left in range(self._count, 0, -together):
            await send({"type": "http.response.body", "body": line * min(left, together), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Frames:
    """A socket that answers a number with as many frames."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - it is ASGI
        await receive()
        await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        frame = to_msgpack(EVENT)
        while (message := await receive())["type"] == "websocket.receive":
            for _ in range(msgspec.msgpack.decode(message["bytes"], type=int)):
                await send({"type": "websocket.send", "bytes": frame})


async def run(request: Request) -> ASGIApp:
    await read_json(request, _body, Options().max_body)
    return Answer(FIFTY)


async def lines(request: Request) -> ASGIApp:
    return Lines(int(id_of(request)))


async def health(_: Request) -> ASGIApp:
    return Answer(b"{}")


def application() -> Litestar:
    routes = [
        Route("POST", "/workflows/{id}/run", run),
        Route("POST", "/lines/{id}", lines),
        Route("GET", "/health", health),
    ]
    at_frames = asgi(["/frames"], copy_scope=False)(at_socket(Frames()))
    return Litestar([*map(handler, routes), at_frames], logging_config=None, openapi_config=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    app: Any = application()
    server = uvicorn.Server(uvicorn.Config(app, **uvicorn_settings(Options()), backlog=2048))
    with socket.create_server(("127.0.0.1", parser.parse_args().port), backlog=2048) as sock:
        print(f"the echo serves http://127.0.0.1:{sock.getsockname()[1]}", flush=True)
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        uvloop.run(server.serve(sockets=[sock]))


if __name__ == "__main__":
    main()
