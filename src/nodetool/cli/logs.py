"""Where log lines go: to stderr, for eyes on a terminal, else as one JSON object a line."""

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

HEAD = ("timestamp", "level", "event")


def set_up(level: str, out: TextIO | None = None) -> None:
    """Send every log line from *level* on to *out* (stderr), those of libraries only from ``warning`` on.

    Tracebacks never show the values of variables: these may be params. A line that cannot be written is lost.
    """
    out = out or sys.stderr
    written = cast(TextIO, _Lossy(out))
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*_shared(), *_for_eyes_or_programs(out)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(written),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(written)
    handler.setFormatter(_formatter(out))
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


class _Lossy:
    """Where a full disk, or a pipe that nobody reads, costs lines and nothing else: whoever has something to say is at
    work on what matters more.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._out.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._out.flush()


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _for_eyes_or_programs(out: TextIO) -> list[Processor]:
    if out.isatty():
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, _head_first, structlog.processors.JSONRenderer()]


def _head_first(_: Any, __: str, line: EventDict) -> EventDict:
    """Put what every line has in front of what only some have."""
    return {name: line[name] for name in (*HEAD, *line) if name in line}


def _formatter(out: TextIO) -> logging.Formatter:
    """Write the lines of libraries as ours are written."""
    rendered: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        *_for_eyes_or_programs(out),
    ]
    before = [structlog.stdlib.add_logger_name, *_shared()]
    return structlog.stdlib.ProcessorFormatter(processors=rendered, foreign_pre_chain=before)
