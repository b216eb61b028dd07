"""A bad connection: a TCP proxy that cuts what goes through it."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

NEVER = 1 << 62


class Proxy:
    """Listens on a port of its own and passes everything on to *target*, over as many connections as come.

    *cuts* says for each connection, in the order they come, after how many bytes from the server it is cut. Those
    beyond are not cut.
    """

    def __init__(self, target: int, cuts: Sequence[int]) -> None:
        self.target = target
        self.connections = 0
        self._cuts = iter(cuts)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut every connection that stands now."""
        while self._open:
            sever(self._open.pop())

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # else the thread stays in accept
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            server = socket.create_connection(("127.0.0.1", self.target))
            bytes_left = next(self._cuts, NEVER)
            self._open += (client, server)
            threading.Thread(target=pump, args=(client, server, NEVER), daemon=True).start()
            threading.Thread(target=pump, args=(server, client, bytes_left), daemon=True).start()


def pump(source: socket.socket, sink: socket.socket, bytes_left: int) -> None:
    """Pass on so many bytes; then, or when one side closes, cut both."""
    with suppress(OSError):
        while bytes_left and (data := source.recv(min(65_536, bytes_left))):
            sink.sendall(data)
            bytes_left -= len(data)
    for end in (source, sink):
        sever(end)


def sever(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextmanager
def proxied(target: int, *cuts: int) -> Iterator[Proxy]:
    proxy = Proxy(target, cuts)
    try:
        yield proxy
    finally:
        proxy.close()
