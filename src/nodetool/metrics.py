"""What operators scrape: numbers that the rooms keep anyway, put into Prometheus' words when they are asked for."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nodetool.jobs.service import Jobs
from nodetool.jobs.tally import Spread
from nodetool.runner.link import resident
from nodetool.storage.writer import SqliteWriter

if TYPE_CHECKING:
    from prometheus_client import Metric

INTERVAL = 0.5
"""Seconds between two measurements of the loop's lag."""


class Lag:
    """How late the loop is: how long a timer overslept, last and at worst since it was last read."""

    def __init__(self) -> None:
        self.last = 0.0
        self._worst = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + INTERVAL
        self._timer = loop.call_at(due, self._measure, due)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()

    def worst(self) -> float:
        """Return the worst since the last call."""
        worst, self._worst = self._worst, 0.0
        return worst

    def _measure(self, due: float) -> None:
        self.last = asyncio.get_running_loop().time() - due
        self._worst = max(self._worst, self.last)
        self.open()


@dataclass(frozen=True, slots=True)
class Metrics:
    """The page at ``/metrics``. *pid* is the server's own."""

    jobs: Jobs
    writer: SqliteWriter
    lag: Lag
    pid: int

    def text(self, connections: Mapping[str, int]) -> bytes:
        """Return everything in the text format, version 0.0.4. *connections* are those that are open, by kind."""
        from prometheus_client import generate_latest

        return generate_latest(_Page(lambda: self._all(connections)))

    def _all(self, connections: Mapping[str, int]) -> "Iterator[Metric]":
        from prometheus_client.core import CounterMetricFamily as Counter
        from prometheus_client.core import GaugeMetricFamily as Gauge
        from prometheus_client.core import HistogramMetricFamily as Histogram

        tally, now = self.jobs.tally, self.jobs.standing()
        yield Counter("nodetool_jobs_accepted", "Jobs that were accepted.", value=tally.accepted)
        ended = Counter("nodetool_jobs_ended", "Jobs that ended, by how.", labels=["status"])
        for status in ("completed", "failed", "cancelled"):
            ended.add_metric([status], tally.ended[status])
        yield ended
        yield Counter("nodetool_attempts_requeued", "Attempts that another followed.", value=tally.requeued)
        yield Gauge("nodetool_jobs_queued", "Jobs that wait for a runner.", value=now.queued)
        yield Gauge("nodetool_jobs_queued_oldest_seconds", "How long the oldest of them has waited.", value=now.oldest)
        yield Gauge("nodetool_jobs_running", "Jobs that run.", value=now.running)
        yield _histogram(Histogram, "nodetool_job_wait_seconds", "From the accept to the first start.", tally.waited)
        yield _histogram(Histogram, "nodetool_job_seconds", "From the accept to the end.", tally.ran)
        yield Counter("nodetool_events", "Events that were stored.", value=tally.events)
        yield Counter("nodetool_commits", "Transactions of the writer.", value=self.writer.commits)
        yield Counter("nodetool_operations", "Operations in them.", value=self.writer.operations)
        yield Gauge("nodetool_readers", "Readers that follow a live job.", value=now.readers)
        opened = Gauge("nodetool_connections", "Connections that are open, by kind.", labels=["kind"])
        for kind, count in connections.items():
            opened.add_metric([kind], count)
        yield opened
        yield Gauge("nodetool_runners", "Runner processes.", value=now.runners)
        gone = Counter("nodetool_runners_ended", "Runners that ended, by why.", labels=["reason"])
        for reason, count in tally.runners_ended.items():
            gone.add_metric([reason], count)
        yield gone
        yield Gauge("nodetool_loop_lag_seconds", "How late the server's loop was last.", value=self.lag.last)
        yield Gauge("nodetool_loop_lag_worst_seconds", "And at worst since the last scrape.", value=self.lag.worst())
        yield Gauge("nodetool_memory_bytes", "What the server has in memory.", value=resident(self.pid))


class _Page:
    """What the library asks of a registry."""

    def __init__(self, collect: "Callable[[], Iterator[Metric]]") -> None:
        self.collect = collect


def _histogram(family: Any, name: str, text: str, spread: Spread) -> Any:
    return family(name, text, buckets=spread.cumulative(), sum_value=spread.sum)
