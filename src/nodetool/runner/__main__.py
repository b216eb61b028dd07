"""``python -m nodetool.runner serve|describe``: started by the server, not by people."""

import argparse
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(prog="nodetool.runner", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", help="run what comes over an inherited socket")
    serve.add_argument("--fd", type=int, required=True)
    serve.add_argument("--pulse", type=int, required=True)
    serve.add_argument("--catalogue", default="")
    serve.add_argument("--max-result", type=int, required=True)
    serve.add_argument("--bounds", default="{}")
    describe = verbs.add_parser("describe", help="write the index of node types")
    describe.add_argument("--output", type=Path, required=True)
    describe.add_argument("paths", nargs="*")
    given = parser.parse_args()
    if given.verb == "serve":
        import msgspec

        from nodetool.protocol.bounds import Bounds
        from nodetool.runner.process import serve as run

        bounds = msgspec.json.decode(given.bounds, type=Bounds)
        run(given.fd, given.pulse, catalogue=given.catalogue, max_result=given.max_result, bounds=bounds)
    else:
        _describe(given.output, given.paths)


def _describe(output: Path, paths: list[str]) -> None:
    import msgspec

    from nodetool.runner.describe import index

    sys.stdout = sys.stderr  # a module may print while it is imported
    output.write_bytes(msgspec.json.encode(index(paths)))


if __name__ == "__main__":
    main()
