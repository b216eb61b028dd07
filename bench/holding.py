"""A client in a process of its own that holds sockets open: ``python -m bench.holding HOST PORT PATH COUNT MESSAGE``.

It says on each of them a message (JSON, sent as MessagePack), hears a frame back, prints how many stand, and lets go of
them when its standard input ends.
"""

import argparse
import asyncio
import json
import sys

import uvloop

from bench.load import Address, Failed
from bench.sockets import Socket, open_socket

TOGETHER = 50
"""Handshakes that are under way at the same time."""


async def hold(address: Address, path: str, count: int, message: object) -> None:
    sockets: list[Socket] = []
    left = iter(range(count))

    async def opening() -> None:
        for _ in left:
            socket = await open_socket(address, path)
            socket.send(message)
            await socket.receive()
            sockets.append(socket)

    await asyncio.gather(*[opening() for _ in range(TOGETHER)])
    print(len(sockets), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    if lost := sum(socket.is_lost for socket in sockets):
        raise Failed(f"{lost} of {count} sockets were closed meanwhile")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("count", type=int)
    parser.add_argument("message", type=json.loads)
    given = parser.parse_args()
    try:
        uvloop.run(hold(Address(given.host, given.port), given.path, given.count, given.message))
    except Failed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
