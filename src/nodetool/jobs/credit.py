"""What is stored of each run and was not credited to it yet. Pure bookkeeping."""

from nodetool.jobs.job import Job
from nodetool.protocol import frames


class Credits:
    """Credit is not given for each batch: some of the window may be used up by what is stored."""

    def __init__(self) -> None:
        self._open: dict[int, list[int]] = {}

    def stored(self, job: Job, attempt: int, events: int, size: int) -> frames.Credit | None:
        """Count what is committed of an attempt; return the credit that is due now."""
        if job.attempt != attempt:
            return None
        count = self._open.setdefault(job.no, [0, 0])
        count[0] += events
        count[1] += size
        if count[0] < frames.CREDIT_EVENTS and count[1] < frames.CREDIT_BYTES:
            return None
        del self._open[job.no]
        return frames.Credit(job.no, job.attempt, *count)

    def forget(self, job: Job) -> None:
        """The job's run has left its runner."""
        self._open.pop(job.no, None)
