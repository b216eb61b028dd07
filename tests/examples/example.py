"""An example, run as its user would run it."""

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

import httpx

from tests.docs.graphs import Graph
from tests.serving import Served


@dataclass(frozen=True)
class Example:
    name: str
    command: list[str]
    server: Served

    def store(self, id: str, graph: Graph) -> str:
        answer = httpx.put(f"{self.server.url}/api/workflows/{id}", json={"name": id, "graph": graph})

        assert answer.json()["findings"] == []
        return id

    def start(self, *arguments: str, url: str = "") -> "subprocess.Popen[str]":
        """Start it in a session of its own, as a terminal does."""
        return subprocess.Popen(
            [*self.command, *arguments],
            env={**os.environ, "NODETOOL_URL": url or self.server.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, url: str = "") -> "Said":
        with self.start(*arguments, url=url) as process:
            out, err = process.communicate(timeout=15)
        return Said(process.returncode, out, err)

    def outputs(self, said: "Said") -> Any:
        """Return the outputs in what it printed: the one for the shell prints the whole job."""
        printed = json.loads(said.out)
        return printed["result"] if self.name.endswith(".sh") else printed

    def newest_job(self) -> Any:
        return httpx.get(f"{self.server.url}/api/jobs?limit=1").json()["jobs"][0]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str
