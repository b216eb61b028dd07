"""What the scripts share: options from the command line, rows that are shown as a table or as JSON, a bar meanwhile."""

import argparse
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any, Generic, TypeVar, get_args, get_origin

import msgspec
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.load import Failed


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured. Every field is an option of the command line, with its default."""


class Row(msgspec.Struct, kw_only=True):
    """A line of a script's table; the names of its fields, as encoded, are the headings."""


AnyOptions = TypeVar("AnyOptions", bound=Options)

Put = Callable[[Row], object]


@dataclass(frozen=True)
class Script(Generic[AnyOptions]):
    """One number, in as many rows as it has cases."""

    name: str
    title: str
    options: type[AnyOptions]
    count: Callable[[AnyOptions], int]
    """How many rows come."""
    measure: Callable[[AnyOptions, Put], Awaitable[None]]

    def rows(self, options: AnyOptions, done: Callable[[], object]) -> list[Row]:
        """Measure, and return the rows; *done* is called for each as it comes."""
        rows: list[Row] = []

        def put(row: Row) -> None:
            rows.append(row)
            done()

        async def measured() -> None:
            await self.measure(options, put)

        uvloop.run(measured())
        return rows


def main(script: Script[Any], arguments: Sequence[str] | None = None) -> None:
    """Measure, with a bar on stderr, and print the table, or with ``--json`` a line for each row."""
    options, as_json = read_options(script, arguments)
    with bar() as progress:
        task = progress.add_task(script.name, total=script.count(options))
        try:
            rows = script.rows(options, lambda: progress.advance(task))
        except Failed as error:
            sys.exit(f"{script.name}: {error}")
    if as_json:
        print(json_lines(script.name, rows), end="")
    else:
        Console(width=None if sys.stdout.isatty() else 200).print(table(script.title, rows))


def read_options(script: Script[AnyOptions], arguments: Sequence[str] | None) -> tuple[AnyOptions, bool]:
    parser = argparse.ArgumentParser(prog=f"python -m bench.{script.name}", description=script.title)
    for field in msgspec.structs.fields(script.options):
        several = get_origin(field.type) is tuple
        kind = get_args(field.type)[0] if several else field.type
        plain = kind if kind in (int, float) else str
        parser.add_argument(
            f"--{field.name}", type=plain, default=field.default, nargs="+" if several else None, help="[%(default)s]"
        )
    parser.add_argument("--json", action="store_true", help="a line of JSON for each row")
    given = vars(parser.parse_args(arguments))
    as_json = given.pop("json")
    return msgspec.convert(given, script.options), as_json


@contextmanager
def bar() -> Iterator[Progress]:
    columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield progress


def table(title: str, rows: Sequence[Row]) -> Table:
    shown = Table(title=title, title_justify="left")
    for heading, value in values(rows[0]).items():
        shown.add_column(heading, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        shown.add_row(*cells(row))
    return shown


def markdown(title: str, rows: Sequence[Row]) -> str:
    rules = [":---" if isinstance(value, str) else "---:" for value in values(rows[0]).values()]
    lines = [headings(rows), rules, *map(cells, rows)]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def json_lines(name: str, rows: Sequence[Row]) -> str:
    return "".join(msgspec.json.encode({"bench": name, **values(row)}).decode() + "\n" for row in rows)


def values(row: Row) -> dict[str, Any]:
    """Return what stands under each heading."""
    return {
        heading: getattr(row, name)
        for name, heading in zip(row.__struct_fields__, row.__struct_encode_fields__, strict=True)
    }


def headings(rows: Sequence[Row]) -> list[str]:
    return list(values(rows[0]))


def cells(row: Row) -> list[str]:
    return [shown(value) for value in values(row).values()]


def shown(value: object) -> str:
    """Return a value for people: three figures are what a noisy machine gives."""
    if value is None:
        return "–"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"


def quantile(numbers: Sequence[float], part: float) -> float:
    """Return the number that *part* of them do not exceed."""
    return sorted(numbers)[min(len(numbers) - 1, int(len(numbers) * part))]


def medians(several: Sequence[Sequence[float]]) -> list[float]:
    """Return the median of each column."""
    return [median(column) for column in zip(*several, strict=True)]
