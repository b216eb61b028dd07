"""A home that goes through the hands of several servers: clients come, something is killed, and all is checked."""

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from nodetool.config import Config
from nodetool.runner.describe import index
from tests.acceptance.client import Client
from tests.acceptance.processes import children_of, kill, runners, wait
from tests.durability.checker import PATIENCE, Audit, Checker, Violation, audit
from tests.durability.crowd import Crowd, Refusal, Sight, now_ms
from tests.durability.work import save_work
from tests.runner.helpers import PACKS
from tests.serving import SERVE, Served

ARGS = [part for pack in PACKS for part in ("--nodes", pack)]
ARGS += ["--runners", "1", "--drain", "0.3"]

PLANTED = ("tests.durability.planted",)

PLENTY = 30.0
"""Seconds for what takes a moment, on a machine that is busy."""


class Trial:
    """One home, its server of the moment, and all that was ever seen of its jobs."""

    def __init__(self, folder: Path, *args: str, module: Sequence[str] = SERVE) -> None:
        self.gate = folder / "gate"
        home = folder / "home"
        home.mkdir()
        (home / Config(home=home, nodes=tuple(PACKS)).index.name).write_bytes(described())
        self.served = Served(home, *ARGS, *args, module=module)
        self.checker = Checker()
        self.sights: list[Sight] = []
        """Of the jobs that have not been checked yet."""
        self.refusals: list[Refusal] = []
        with self.client() as client:
            save_work(client, self.gate)

    def hand_over(self, *args: str, module: Sequence[str] = SERVE) -> None:
        """Give the home of a server that is gone to another."""
        self.served = Served(self.served.home, *ARGS, *args, module=module)

    @contextmanager
    def client(self) -> Iterator[Client]:
        client = Client(self.served.url)
        client.http.timeout = PLENTY
        try:
            yield client
        finally:
            client.close()

    # Clients.

    def crowd(self) -> Crowd:
        """Return nobody yet; who comes is to ``leave``."""
        return Crowd(self.served.url)

    def busy(self) -> Crowd:
        """Return a crowd of every kind that is at it."""
        crowd = self.crowd()
        crowd.gather()
        wait(lambda: len(crowd.sights) > 10 or crowd.faults, PLENTY)
        return crowd

    def hold(self, crowd: Crowd) -> list[Sight]:
        """Have jobs started that are under way, for certain, until the gate is opened."""
        before = len(crowd.sights)
        crowd.come(lambda: crowd.stream("gate"), again=False)
        crowd.come(lambda: crowd.stream("gate", sse=True), again=False)
        crowd.come(lambda: crowd.talk(iter(["gate"])), again=False)
        wait(lambda: len(self._held(crowd, before)) == 3 or crowd.faults, PLENTY)
        return self._held(crowd, before)

    def _held(self, crowd: Crowd, before: int) -> list[Sight]:
        """Those whose node is known to wait."""
        return [sight for sight in crowd.sights[before:] if sight.workflow == "gate" and has_begun(sight)]

    def cut_off(self, crowd: Crowd) -> None:
        """The server is gone: keep what its clients saw."""
        crowd.leave()
        assert crowd.cuts
        self._keep(crowd)

    def let_go(self, crowd: Crowd) -> None:
        """Let the clients of a server that lives finish, and keep what they saw."""
        crowd.dismiss()
        self.gate.touch()
        crowd.leave()
        self._keep(crowd)

    def _keep(self, crowd: Crowd) -> None:
        self.sights += crowd.sights
        self.refusals += crowd.refusals

    # Kills. Each returns when it happened.

    def kill(self, what: str) -> int:
        """Kill the ``server`` alone, or ``everything``."""
        return self.kill_server() if what == "server" else self.kill_everything()

    def kill_server(self) -> int:
        self.served.kill()
        return now_ms()

    def kill_everything(self) -> int:
        """The server with its process group, the guardian and the runners: nobody is left to clean up."""
        pid = self.served.process.pid
        others = children_of(pid)
        os.killpg(pid, signal.SIGKILL)
        for other in others:
            with suppress(ProcessLookupError):
                kill(other)
        self.served.process.wait()
        return now_ms()

    def kill_runners(self) -> int:
        for runner in runners(self.served):
            with suppress(ProcessLookupError):
                kill(runner)
        return now_ms()

    def dies(self) -> int:
        """Wait until the server has ended by itself, and return how."""
        return self.served.process.wait(PLENTY)

    # What holds after that.

    def check(self) -> list[Violation]:
        """Open the gate, wait until every job has ended, and return what is wrong with them."""
        self.gate.touch()
        try:
            with self.client() as client:
                return self.checker.check(client, self.sights)
        finally:
            self.gate.unlink()
            self.sights = []

    def under_way(self, killed_ms: int) -> list[str]:
        """Return the checked jobs that were accepted before a kill and ended after it."""
        logs = self.checker.logs.items()
        return [id for id, log in logs if log.seen_ms < killed_ms <= log.last["time"]]

    def close(self) -> Audit:
        """Check once more all that was ever checked, end the server, and look into the database.

        Jobs that no client heard of are to end too.
        """
        with self.client() as client:
            wait(lambda: not open_jobs(client), PATIENCE)
            again = self.checker.check_again(client)
        assert self.served.stop() == 0
        seen = audit(self.served.home)
        return seen._replace(violations=again + seen.violations)

    def abandon(self) -> None:
        """Leave nothing running, whatever went wrong."""
        if self.served.process.poll() is None:
            self.kill_everything()


@cache
def described() -> bytes:
    """Return the index of node types: with it in their homes, servers need not make one each."""
    return msgspec.json.encode(index(PACKS))


def open_jobs(client: Client) -> list[Any]:
    """Return the jobs that have not ended."""
    return [
        job for status in ("queued", "running") for job in client.http.get(f"/api/jobs?status={status}").json()["jobs"]
    ]


def has_begun(sight: Sight) -> bool:
    """Tell whether the node of a job is known to be at work: of its events the third is about that."""
    return len(sight.lines) > 2 or len(sight.frames) > 2
