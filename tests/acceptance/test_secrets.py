"""A secret in a real server: used by a node, and found nowhere afterwards."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.graphs import through
from tests.serving import Served, serving

PACK = Path(__file__).resolve().parents[1] / "pack.py"
JSON = {"Content-Type": "application/json"}
VALUE = "sk-vault-0123456789"


def ask(served: Served, method: str, path: str, body: Any) -> Any:
    request = urllib.request.Request(f"{served.url}{path}", json.dumps(body).encode(), JSON, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def test_what_a_node_tells_of_its_secret_is_masked_on_every_way_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, "--nodes", str(PACK)) as served:
        ask(served, "PUT", "/api/settings/secrets/VAULT_KEY", {"value": VALUE})
        seen = b""
        for kind in ("tests.Leak", "tests.LeakBlocking"):
            body = {"graph": through(kind), "params": {"text": "x"}}
            seen += ask(served, "POST", "/api/jobs/run?stream=true", body)
        served.stop()
        log = served.log.read_text()

    assert VALUE.encode() not in seen
    assert seen.count(b"Bearer ****") >= 2
    assert b"printed ****" in seen
    assert VALUE not in log
    assert log.count("complained ****") == 2
    for path in home.rglob("*"):
        assert path.is_dir() or VALUE.encode() not in path.read_bytes()
