"""``nodetool serve --reload``: a pack changes while the server runs."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.graphs import graph, node, output
from tests.serving import serving

PACK = '''
import asyncio
from pathlib import Path
from nodetool.sdk import Node

class Word(Node):
    """Says a word, once it may."""
    wait_for: str = ""

    async def process(self) -> str:
        while self.wait_for and not Path(self.wait_for).exists():
            await asyncio.sleep(0.01)
        return {word!r}
'''


class Author:
    """Somebody who writes a pack, with a server that watches it."""

    def __init__(self, pack: Path, http: httpx.Client) -> None:
        self.pack = pack
        self.http = http

    def write(self, text: str) -> None:
        fresh = self.pack.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self.pack)

    def run(self, **data: Any) -> Any:
        return self.start("run", **data)

    def start(self, how: str, **data: Any) -> Any:
        """Store the workflow under a name of its own, and run it."""
        made = graph([node("w", "words.Word", **data), output()], "w.output -> out.value")
        id = self.http.post("/workflows/", json={"name": "w", "graph": made}).json()["id"]
        return self.http.post(f"/workflows/{id}/{how}", json={}).json()

    def pack_as_listed(self) -> Any:
        (found,) = [pack for pack in self.http.get("/nodes/packs").json() if pack["name"] == "words"]
        return found


@pytest.fixture
def author(tmp_path: Path) -> Iterator[Author]:
    pack = tmp_path / "words.py"
    pack.write_text(PACK.format(word="old"))
    with (
        serving(tmp_path / "home", "--nodes", str(pack), "--reload") as served,
        httpx.Client(base_url=f"{served.url}/api", timeout=20) as http,
    ):
        yield Author(pack, http)


def until(found: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not found():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_new_runs_get_the_new_code_and_runs_under_way_keep_the_old(author: Author, tmp_path: Path) -> None:
    go = tmp_path / "go"
    under_way = author.start("jobs", wait_for=str(go))["job_id"]
    assert author.run() == {"out": "old"}

    author.write(PACK.format(word="new"))
    until(lambda: author.run() == {"out": "new"})

    job = author.http.get(f"/jobs/{under_way}").json()
    assert (job["status"], job["attempt"]) == ("running", 1)
    go.touch()
    until(lambda: author.http.get(f"/jobs/{under_way}").json()["status"] == "completed")
    job = author.http.get(f"/jobs/{under_way}").json()
    assert (job["result"], job["attempt"]) == ({"out": "old"}, 1)


def test_a_pack_that_breaks_keeps_the_server_and_its_types_are_findings(author: Author) -> None:
    assert author.run() == {"out": "old"}
    author.write("this is no Python")
    until(lambda: author.pack_as_listed()["error"])

    assert "invalid syntax" in author.pack_as_listed()["error"]
    assert author.run()["errors"][0]["code"] == "unknown_type"
    author.write(PACK.format(word="mended").replace("Says a word", "Says one word"))
    until(lambda: author.pack_as_listed()["error"] is None)
    until(lambda: author.run() == {"out": "mended"})
    described = {one["node_type"]: one for one in author.http.get("/nodes/metadata").json()}
    assert described["words.Word"]["description"].startswith("Says one word")
