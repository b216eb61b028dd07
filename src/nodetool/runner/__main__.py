"""``python -m nodetool.runner serve|describe``: started by the server, not by people."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nodetool.protocol.frames import RunLimits


def main() -> None:
    parser = argparse.ArgumentParser(prog="nodetool.runner", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", help="run what comes over an inherited socket")
    serve.add_argument("--fd", type=int, required=True)
    serve.add_argument("--pulse", type=int, required=True)
    serve.add_argument("--catalogue", default="")
    serve.add_argument("--limits", required=True, help="as JSON")
    serve.add_argument("--bounds", default="{}", help="as JSON")
    describe = verbs.add_parser("describe", help="write the index of node types")
    describe.add_argument("--output", type=Path, required=True)
    describe.add_argument("paths", nargs="*")
    given = parser.parse_args()
    if given.verb == "serve":
        import msgspec

        from nodetool.protocol.bounds import Bounds
        from nodetool.runner.process import serve as run

        bounds = msgspec.json.decode(given.bounds, type=Bounds)
        run(given.fd, given.pulse, catalogue=given.catalogue, limits=_limits(given.limits), bounds=bounds)
    else:
        _describe(given.output, given.paths)


def _limits(text: str) -> "RunLimits":
    import msgspec

    from nodetool.protocol.frames import RunLimits

    return msgspec.json.decode(text, type=RunLimits)


def _describe(output: Path, paths: list[str]) -> None:
    import msgspec

    from nodetool.runner.describe import index

    sys.stdout = sys.stderr  # a module may print while it is imported
    output.write_bytes(msgspec.json.encode(index(paths)))


if __name__ == "__main__":
    main()
