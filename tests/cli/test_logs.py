"""Where log lines go, and what they look like."""

import json
import logging
from collections.abc import Iterator
from errno import ENOSPC
from io import StringIO

import pytest
import structlog

from nodetool.cli import logs


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


class Full(StringIO):
    def write(self, text: str) -> int:
        raise OSError(ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """The loggers of the other tests are as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_is_a_json_object_whose_head_comes_first() -> None:
    logs.set_up("info", out := StringIO())
    structlog.get_logger().info("server.listening", port=8000)

    line = json.loads(out.getvalue())
    assert list(line) == ["timestamp", "level", "event", "port"]
    assert (line["level"], line["event"], line["port"]) == ("info", "server.listening", 8000)
    assert line["timestamp"].endswith("Z")


def test_a_terminal_gets_lines_for_eyes() -> None:
    logs.set_up("info", out := Terminal())
    structlog.get_logger().info("server.listening", port=8000)

    assert "server.listening" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_lines_below_the_level_are_left_out() -> None:
    logs.set_up("warning", out := StringIO())
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")

    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["loud"]


def test_libraries_write_as_we_do_and_only_what_is_wrong() -> None:
    logs.set_up("debug", out := StringIO())
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.error").error("could not %s", "do it")

    (line,) = map(json.loads, out.getvalue().splitlines())
    assert (line["level"], line["event"], line["logger"]) == ("error", "could not do it", "uvicorn.error")


def test_a_line_that_cannot_be_written_is_lost_and_stops_nobody() -> None:
    logs.set_up("info", Full())
    structlog.get_logger().error("log.stalled")
    logging.getLogger("uvicorn.error").error("could not do it")


@pytest.mark.parametrize("out", [StringIO(), Terminal()], ids=["elsewhere", "terminal"])
def test_a_traceback_shows_no_values_of_variables(out: StringIO) -> None:
    logs.set_up("info", out)
    secret_param = "".join(["hid", "den"])
    try:
        raise ValueError("the message")
    except ValueError as error:
        structlog.get_logger().error("a request failed", exc_info=error)

    assert secret_param not in out.getvalue()
    assert "ValueError: the message" in out.getvalue()
    assert "Traceback" in out.getvalue()
