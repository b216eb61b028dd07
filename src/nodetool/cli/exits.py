"""How a command ends: its exit code, and the sentence it says on stderr."""

import os
import sys
import threading
from enum import IntEnum
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import NoReturn, TextIO

from nodetool.cli.source import WrongUsage
from nodetool.config import InvalidSetting
from nodetool.protocol.errors import (
    Fault,
    HasFindings,
    InvalidGraph,
    InvalidJson,
    InvalidParams,
    InvalidRequest,
    JobCancelled,
    NodetoolError,
)


class Exit(IntEnum):
    """What the exit codes mean; docs/cli.md has them as a table."""

    OK = 0
    FAILED = 1
    """A run failed, or something else that the caller could not know went wrong."""
    USAGE = 2
    """The command line or a setting is wrong."""
    REFUSED = 3
    """The workflow is no graph or has findings, or the params do not fit."""
    CANCELLED = 130
    """Ctrl-C: the run was cancelled."""


REFUSALS = (InvalidRequest, InvalidJson, InvalidGraph, HasFindings, InvalidParams)

SHOWN = 20
"""Faults that are told; a generated graph may have thousands."""


def exit_of(error: NodetoolError) -> Exit:
    """Return the exit code for an error of ours."""
    if isinstance(error, InvalidSetting | WrongUsage):
        return Exit.USAGE
    if isinstance(error, JobCancelled):
        return Exit.CANCELLED
    return Exit.REFUSED if isinstance(error, REFUSALS) else Exit.FAILED


def sentence(error: NodetoolError) -> str:
    """Return what is said: one sentence, or where several things are wrong, each of them on a line."""
    if len(error.errors) < 2:
        return error.detail
    lines = [f"{len(error.errors)} things are wrong:", *map(_line, error.errors[:SHOWN])]
    return "\n  ".join([*lines, f"and {len(error.errors) - SHOWN} more"] if len(error.errors) > SHOWN else lines)


def of_system(error: OSError) -> str:
    """Return the sentence for an error of the system: what it says, and about which file."""
    what = error.strerror or str(error)
    return f"{error.filename}: {what}" if error.filename else what


def say(text: str) -> None:
    print(f"nodetool: {text}", file=sys.stderr, flush=True)


def whole(out: TextIO) -> TextIO:
    """Return a stream that all that is printed goes through, line by line.

    Where Python is told not to buffer (PYTHONUNBUFFERED), it drops what a pipe did not take at once.
    """
    raw: object = out.buffer
    if not isinstance(raw, FileIO):
        return out
    return TextIOWrapper(BufferedWriter(raw), out.encoding, out.errors, line_buffering=True)


def leave(code: object) -> NoReturn:
    """End the process. A thread that a node left behind would hold it until its work is done."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output is gone, and wants no more of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if threading.active_count() > 1:
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else Exit.OK)
    raise SystemExit(code)


def _line(fault: Fault) -> str:
    return f"{fault.field or fault.node_id}: {fault.message}"
