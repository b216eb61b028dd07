"""How commands end."""

import errno
import os
import subprocess
import sys

import pytest

from nodetool.cli.exits import SHOWN, Exit, exit_of, of_system, sentence
from nodetool.cli.source import WrongUsage
from nodetool.config import InvalidSetting
from nodetool.protocol import errors
from nodetool.protocol.errors import Fault, NodetoolError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NodeFailed(), Exit.FAILED),
        (errors.NotFound("workflow", "x"), Exit.FAILED),
        (errors.HomeInUse(), Exit.FAILED),
        (InvalidSetting(), Exit.USAGE),
        (WrongUsage(), Exit.USAGE),
        (errors.HasFindings(), Exit.REFUSED),
        (errors.InvalidParams(), Exit.REFUSED),
        (errors.InvalidGraph(), Exit.REFUSED),
        (errors.InvalidJson(), Exit.REFUSED),
        (errors.JobCancelled(), Exit.CANCELLED),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, NodetoolError) else str(given),
)
def test_an_error_has_its_exit_code(error: NodetoolError, code: Exit) -> None:
    assert exit_of(error) is code


def test_one_fault_is_a_sentence_and_several_are_lines() -> None:
    faults = [Fault(field="params.a", message="is odd"), Fault(node_id="n", message="is not there")]

    assert sentence(errors.InvalidParams("params.a: is odd", errors=faults[:1])) == "params.a: is odd"
    assert sentence(errors.InvalidParams("", errors=faults)).splitlines() == [
        "2 things are wrong:",
        "  params.a: is odd",
        "  n: is not there",
    ]


def test_not_more_faults_are_told_than_somebody_reads() -> None:
    faults = [Fault(node_id=str(number), message="is wrong") for number in range(SHOWN + 5)]

    assert sentence(errors.HasFindings("", errors=faults)).splitlines()[-2:] == [
        f"  {SHOWN - 1}: is wrong",
        "  and 5 more",
    ]


def test_an_error_of_the_system_names_its_file() -> None:
    assert of_system(PermissionError(errno.EACCES, "Permission denied", "x.json")) == "x.json: Permission denied"
    assert of_system(OSError("it broke")) == "it broke"


PRINT = """
import sys
from nodetool.cli import exits

sys.stdout = exits.whole(sys.stdout)
print("a line")
print(type(sys.stdout.buffer).__name__)
sys.stdin.read()
"""


def test_where_python_does_not_buffer_lines_are_still_written_whole_and_at_once() -> None:
    """A pipe may take a part of what is written to it; only a buffer writes the rest."""
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", PRINT], env=env, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert [process.stdout.readline() for _ in range(2)] == ["a line\n", "BufferedWriter\n"]
        process.stdin.close()
