"""Which types of nodes may touch the machine, by the surface that is served."""

from pathlib import Path

from nodetool.app import allowed_nodes
from nodetool.config import Config
from nodetool.server.options import Options


def test_the_editor_allows_all_and_the_worker_what_is_named() -> None:
    config = Config(home=Path("x"), allow_nodes=("lib.os.*",))

    assert allowed_nodes(config, Options(surface="editor")) is None
    assert allowed_nodes(config, Options(surface="worker")) == ("lib.os.*",)
    assert allowed_nodes(Config(home=Path("x")), Options(surface="worker")) == ()
