"""``python -m bench``: every number, and with ``--write`` the tables of bench/README.md."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from bench import accept, cancel, chain, idle, machine, recover, runs, start, stream, talk, waiting
from bench.load import Failed
from bench.script import Options, Row, Script, bar, json_lines, markdown, table

SCRIPTS: tuple[Script[Any], ...] = (
    runs.SCRIPT,
    accept.SCRIPT,
    talk.SCRIPT,
    stream.SCRIPT,
    chain.SCRIPT,
    cancel.SCRIPT,
    waiting.SCRIPT,
    idle.SCRIPT,
    start.SCRIPT,
    recover.SCRIPT,
)

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- figures: written by python -m bench --write -->\n", "<!-- end of figures -->\n"


def main() -> None:
    given = arguments()
    chosen = [script for script in SCRIPTS if script.name in given.only]
    where = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {machine.described()}."
    try:
        found = measured(chosen, given.seconds, given.rounds)
    except Failed as error:
        sys.exit(str(error))
    show(where, found, as_json=given.json)
    if given.write:
        write(README, where, found)


def arguments() -> argparse.Namespace:
    names = [script.name for script in SCRIPTS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SCRIPT", help="of: %(choices)s")
    parser.add_argument("--seconds", type=float, help="length of a measurement, where it is one of load")
    parser.add_argument("--rounds", type=int, help="how often each is repeated; the median counts")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each row")
    parser.add_argument("--write", action="store_true", help="put the tables into bench/README.md")
    given = parser.parse_args()
    if given.write and len(given.only) < len(names):
        parser.error("--write wants every script")
    return given


def measured(scripts: list[Script[Any]], seconds: float | None, rounds: int | None) -> dict[Script[Any], list[Row]]:
    """Run the scripts one after the other; a bar for each shows how far they are."""
    options = {script: scaled(script.options(), seconds, rounds) for script in scripts}
    found: dict[Script[Any], list[Row]] = {}
    with bar() as progress:
        tasks = {script: progress.add_task(script.name, total=script.count(options[script])) for script in scripts}
        for script, task in tasks.items():
            found[script] = script.rows(options[script], lambda task=task: progress.advance(task))  # type: ignore[misc]
    return found


def scaled(options: Options, seconds: float | None, rounds: int | None) -> Options:
    """Return *options* with what was given on the command line, as far as they have it."""
    wanted = {"seconds": seconds, "rounds": rounds}
    known = {name: value for name, value in wanted.items() if value is not None and hasattr(options, name)}
    return msgspec.structs.replace(options, **known)


def show(where: str, found: dict[Script[Any], list[Row]], *, as_json: bool) -> None:
    if as_json:
        print("".join(json_lines(script.name, rows) for script, rows in found.items()), end="")
        return
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(where)
    for script, rows in found.items():
        console.print(table(script.title, rows))


def write(readme: Path, where: str, found: dict[Script[Any], list[Row]]) -> None:
    """Put the tables between the two marks of the page."""
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n".join(markdown(script.title, rows) for script, rows in found.items())
    readme.write_text(f"{before}{BEGIN}\n{where}\n\n{tables}\n{END}{after}")


if __name__ == "__main__":
    main()
