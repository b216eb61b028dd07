"""What operators scrape: numbers that the rooms keep anyway, put into Prometheus' words when they are asked for."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from nodetool.jobs.runners import EndedBy
from nodetool.jobs.service import Jobs, Standing
from nodetool.jobs.tally import Spread, Tally
from nodetool.protocol.events import ENDED
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


class Figure(NamedTuple):
    """One of the numbers, or several by the values of a label."""

    kind: Literal["counter", "gauge", "histogram"]
    name: str
    text: str
    value: float | Spread | Mapping[str, float]
    label: str = ""
    """All its values are there from the start, be it with 0, and there are few of them."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The page at ``/metrics``, which docs/operating.md describes. *pid* is the server's own."""

    jobs: Jobs
    writer: SqliteWriter
    lag: Lag
    pid: int

    def text(self, connections: Mapping[str, int]) -> bytes:
        """Return everything in the text format, version 0.0.4. *connections* are those that are open, by kind."""
        from prometheus_client import generate_latest

        return generate_latest(_Page(self.figures(connections)))

    def figures(self, connections: Mapping[str, int]) -> Iterator[Figure]:
        now = self.jobs.standing()
        yield from _of_jobs(self.jobs.tally, now)
        yield from _of_the_log(self.writer, now)
        yield Figure("gauge", "nodetool_connections", "Clients that are connected, or wait.", connections, "kind")
        yield from _of_runners(self.jobs.tally, now)
        yield from self._of_the_server(now)

    def _of_the_server(self, now: Standing) -> Iterator[Figure]:
        memory = {"server": resident(self.pid), "runners": now.memory}
        yield Figure("gauge", "nodetool_loop_lag_seconds", "How late the server's loop was last.", self.lag.last)
        yield Figure("gauge", "nodetool_loop_lag_worst_seconds", "At worst since the last scrape.", self.lag.worst())
        yield Figure("gauge", "nodetool_memory_bytes", "What is resident in memory.", memory, "process")


def _of_jobs(tally: Tally, now: Standing) -> Iterator[Figure]:
    ended = {status: tally.ended[status] for status in sorted(ENDED)}
    yield Figure("counter", "nodetool_jobs_accepted", "Jobs that were accepted.", tally.accepted)
    yield Figure("counter", "nodetool_jobs_ended", "Jobs that ended, by how.", ended, "status")
    yield Figure("counter", "nodetool_attempts_requeued", "Attempts that another followed.", tally.requeued)
    yield Figure("gauge", "nodetool_jobs_queued", "Jobs that wait for a runner.", now.queued)
    yield Figure("gauge", "nodetool_jobs_queued_oldest_seconds", "How long the oldest of them has waited.", now.oldest)
    yield Figure("gauge", "nodetool_jobs_running", "Jobs that run.", now.running)
    yield Figure("histogram", "nodetool_job_wait_seconds", "From the accept to the first start.", tally.waited)
    yield Figure("histogram", "nodetool_job_run_seconds", "From the last start to the end.", tally.ran)
    yield Figure("histogram", "nodetool_job_seconds", "From the accept to the end.", tally.took)


def _of_the_log(writer: SqliteWriter, now: Standing) -> Iterator[Figure]:
    yield Figure("counter", "nodetool_events", "Events that were stored.", now.events)
    yield Figure("counter", "nodetool_operations", "Changes that were given to the writer.", writer.operations)
    yield Figure("counter", "nodetool_commits", "Transactions that they shared.", writer.commits)
    yield Figure("gauge", "nodetool_readers", "Readers that follow a live job.", now.readers)


def _of_runners(tally: Tally, now: Standing) -> Iterator[Figure]:
    ended = {reason: tally.runners_ended[reason] for reason in get_args(EndedBy)}
    yield Figure("gauge", "nodetool_runners", "Runner processes, by what they are there for.", now.runners, "kind")
    yield Figure("counter", "nodetool_runners_ended", "Runners that ended, by why.", ended, "reason")


class _Page:
    """What the library asks of a registry."""

    def __init__(self, figures: Iterator[Figure]) -> None:
        self._figures = figures

    def collect(self) -> "Iterator[Metric]":
        return map(_family, self._figures)


def _family(figure: Figure) -> "Metric":
    """Put a figure into the library's words. It takes a tenth of a second to import, so only a scrape does."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    _, name, text, value, label = figure
    if isinstance(value, Spread):
        return HistogramMetricFamily(name, text, buckets=value.cumulative(), sum_value=value.sum)
    family = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
    if not isinstance(value, Mapping):
        return family(name, text, value=value)
    made = family(name, text, labels=[label])
    for of, number in value.items():
        made.add_metric([of], number)
    return made
