"""Server-sent events, put together again wherever the stream was cut. Stricter than a browser: it is ours to check."""

from nodetool.conformance.laws import Wrong

DONE = "[DONE]"


class ServerSent:
    """Takes a stream of ``id: <seq>`` and ``data: <json>`` apart, up to its ``data: [DONE]``."""

    def __init__(self) -> None:
        self._rest = b""
        self._done = False

    def feed(self, chunk: bytes) -> list[tuple[str, str]]:
        """Return what is whole now: ids with their data. Comments are signs of life, and left out."""
        *whole, self._rest = (self._rest + chunk).split(b"\n\n")
        return [frame for block in whole if (frame := self._frame(block.decode())) is not None]

    def close(self) -> None:
        """Check that the stream had its end."""
        if self._rest:
            raise Wrong(f"the stream ends inside of a frame: {self._rest[:100]!r}")
        if not self._done:
            raise Wrong("the stream ends without data: [DONE]")

    def _frame(self, block: str) -> tuple[str, str] | None:
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        if not lines:
            return None
        if self._done:
            raise Wrong(f"a frame stands behind data: [DONE]: {block[:100]!r}")
        if lines == [f"data: {DONE}"]:
            self._done = True
            return None
        id, _, data = "\n".join(lines).partition("\n")
        if not id.startswith("id: ") or not data.startswith("data: ") or "\n" in data:
            raise Wrong(f"a frame is not one id and one data: {block[:100]!r}")
        return id.removeprefix("id: "), data.removeprefix("data: ")
