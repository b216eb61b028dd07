"""How long, how often and how much: what operators may set about running jobs."""

import msgspec


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of runs and runners. 0 is no limit, where nothing else is said."""

    max_attempts: int = 3
    """Attempts that count: those that the run itself ended badly, or whose fault is not known."""
    max_queue: int = 100_000
    """Jobs that wait; further ones are refused."""
    max_user_jobs: int = 0
    """Jobs of a user that wait or run; further ones are refused."""
    max_events: int = 10_000_000
    """Events of a job."""
    job_timeout: float = 0.0
    """Seconds of one attempt."""
    node_timeout: float = 0.0
    """Seconds of one firing of a node. Its runner sees to that, unless the node holds the loop."""
    memory_per_runner: int = 0
    """Bytes that a runner may have in memory."""
    recycle: int = 100_000
    """Runs after which a runner is replaced."""
    stall: float = 10.0
    """Seconds that a node may keep the loop that it shares with other runs; then its runner is killed."""
    grace: float = 0.25
    """Seconds that a run has to stop when it is asked to; then its runner is killed."""
    patience: float = 0.4
    """Seconds more that it has where its runner only starts, or is so busy with other runs that it was not heard."""
    bystanders: float = 0.2
    """Seconds that others have to end, before a runner that they share is killed."""
    cores: int = 1
    """What the number of runs is measured by that need a runner each."""
