"""What the nodes of a graph at work share with each other, and with the workflows that they call."""

from collections.abc import Callable

import msgspec

from nodetool.engine.bind import BoundCalled, BoundNode
from nodetool.engine.keep import Checkpoints
from nodetool.engine.mark import Mark
from nodetool.engine.pace import Pace
from nodetool.engine.report import Reporter
from nodetool.engine.setups import Setups
from nodetool.engine.work import Threads
from nodetool.sdk.called import Called
from nodetool.sdk.tools import Tools


class Means(msgspec.Struct, frozen=True):
    """What the graphs of one attempt share: the job's own, and those of the workflows that are called."""

    tools: Tools
    setups: Setups
    mark: Mark
    """By the index of a node in the whole plan."""
    checkpoints: Checkpoints | None
    node_timeout: float
    capacity: int
    """Items that an inbox holds at first."""
    called: list[BoundCalled]
    call: Callable[["Place", BoundNode], Called]
    """Gives a node of a graph the workflow that it calls."""


class Place(msgspec.Struct, frozen=True):
    """Where one graph is at work. It knows nothing of the net that is there, which so is gone with its last reader: a
    cycle would stay until the garbage is collected, which stops all runs for a while.
    """

    report: Reporter
    threads: Threads
    pace: Pace
    means: Means
