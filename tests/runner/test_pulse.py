"""The bytes that a runner and the server share."""

import subprocess
import sys

from nodetool.runner.pulse import Place, Pulse

DIES = """
import os, sys
from nodetool.runner.pulse import Pulse
pulse = Pulse(int(sys.argv[1]))
pulse.beat(123)
pulse.enter(7, 0)
os.kill(os.getpid(), 9)
"""


def test_a_node_is_entered_and_left() -> None:
    pulse = Pulse.create()

    assert pulse.place() is None
    pulse.enter(7, 0)
    assert pulse.place() == Place(7, 0)
    pulse.leave()
    assert pulse.place() is None
    pulse.close()


def test_what_a_process_wrote_is_there_after_its_death() -> None:
    pulse = Pulse.create()

    subprocess.run([sys.executable, "-c", DIES, str(pulse.fd)], pass_fds=[pulse.fd], check=False)

    assert (pulse.last_beat(), pulse.place()) == (123, Place(7, 0))
    pulse.close()
