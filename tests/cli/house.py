"""A home with some jobs in it, asked in each of the three ways: by URL, through its server, and without any."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodetool.client import JobFailed
from nodetool.client.sync import Client, Job
from tests.cli.command import Done
from tests.cli.quick import Quick
from tests.client.graphs import FAILING
from tests.serving import Served, serving

WAYS = ["by URL", "served", "at rest"]


@dataclass(frozen=True)
class House:
    """A server; and a copy of its home as it was before, which nobody serves."""

    quick: Quick
    served: Served
    rest: Path
    completed: str
    failed: str
    interrupted: str
    """It was running when the server was killed. The server that came after runs it again."""

    def ask(self, way: str, *args: str | Path, stdin: str = "") -> Done:
        match way:
            case "by URL":
                nowhere = self.rest.parent / "nowhere"
                return self.quick.run(*args, "--url", self.served.url, home=nowhere, stdin=stdin)
            case "served":
                return self.quick.run(*args, home=self.served.home, stdin=stdin)
        return self.quick.run(*args, home=self.rest, stdin=stdin)

    def each(self, *args: str | Path) -> dict[str, Done]:
        return {way: self.ask(way, *args) for way in WAYS}

    def copy(self, folder: Path) -> Path:
        """Return a home that nobody serves, for a test that changes it."""
        return shutil.copytree(self.rest, folder / "copy")

    def start(self, seconds: float = 60.0) -> Job:
        """Start a run on the server that goes on for long."""
        with Client(self.served.url) as client:
            job = client.start("slow-progress", {"seconds": seconds})
            until(lambda: job.read()["status"] == "running")
            return job

    def status(self, id: str) -> Any:
        with Client(self.served.url) as client:
            return client.job(id).read()["status"]


@contextmanager
def standing(folder: Path, quick: Quick) -> Iterator[House]:
    with serving(folder / "home", "--examples", "--drain", "0") as served:
        with Client(served.url) as client:
            client.save({"id": "parts", "name": "Cut a text", "graph": FAILING})
            done = client.start("csv-report", {"melts_above": 3000})
            done.result()
            bad = client.start("parts", {"text": "some words"})
            with suppress(JobFailed):
                bad.result()
            slow = client.start("slow-progress", {"seconds": 60})
            until(lambda: slow.read()["last_seq"] > 5)
        served.kill()
        rest = shutil.copytree(served.home, folder / "rest")
        served.start()
        yield House(quick, served, rest, done.id, bad.id, slow.id)


def until(holds: Any) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
