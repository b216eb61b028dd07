"""The jobs that have not ended."""

from collections import Counter
from typing import Any

from nodetool.jobs.job import Job
from nodetool.protocol.errors import TooManyJobs


class Live(dict[str, Job]):
    """Jobs by their ids, counted by user. A user may have *most* of them; 0 is no limit."""

    def __init__(self, most: int = 0) -> None:
        super().__init__()
        self._most = most
        self._of_user: Counter[str] = Counter()

    def check_room(self, user: str) -> None:
        """Raise TooManyJobs if a user has as many as may be."""
        if self._most and self._of_user[user] >= self._most:
            raise TooManyJobs(f"{self._most} jobs of yours wait or run, and no more may; see NODETOOL_MAX_USER_JOBS")

    def __setitem__(self, id: str, job: Job) -> None:
        if id not in self:
            self._of_user[job.user] += 1
        super().__setitem__(id, job)

    def pop(self, id: str, default: Any = None, /) -> Any:
        """Take a job out, if it is there."""
        job = super().pop(id, None)
        if job is None:
            return default
        self._of_user[job.user] -= 1
        if not self._of_user[job.user]:
            del self._of_user[job.user]
        return job
