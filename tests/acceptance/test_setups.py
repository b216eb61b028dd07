"""A class that keeps something loaded, in real runners: set up once, taken down when the server ends in order."""

from pathlib import Path

import httpx

from tests.graphs import graph, node, output
from tests.serving import serving

PACK = '''
from pathlib import Path
from nodetool.sdk import Node

class Model(Node):
    """Keeps a model."""
    log: str = ""

    @classmethod
    def setup(cls) -> None:
        cls.say("up")

    @classmethod
    async def teardown(cls) -> None:
        cls.say("down")

    @classmethod
    def say(cls, word: str) -> None:
        with Path({log!r}).open("a") as file:
            file.write(word + "\\n")

    async def process(self) -> int:
        return 1
'''


def test_a_class_is_set_up_once_and_taken_down_at_the_end(tmp_path: Path) -> None:
    pack, log = tmp_path / "models.py", tmp_path / "log"
    pack.write_text(PACK.format(log=str(log)))
    made = graph([node("m", "models.Model"), output()], "m.output -> out.value")
    with serving(tmp_path / "home", "--nodes", str(pack)) as served:
        with httpx.Client(base_url=f"{served.url}/api", timeout=20) as http:
            id = http.post("/workflows/", json={"name": "w", "graph": made}).json()["id"]
            assert [http.post(f"/workflows/{id}/run").json() for _ in range(3)] == [{"out": 1}] * 3
        assert log.read_text().split() == ["up"]

        assert served.stop() == 0
        assert log.read_text().split() == ["up", "down"]
