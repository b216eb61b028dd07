"""Tables written as text."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Meta, Node

NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
"""How JSON writes a number. So ``007``, ``+49`` and ``1,5`` stay text."""


class ParseCSV(Node):
    """Read comma-separated values: a list with a dictionary for each line, under the names of the first line.
    csv, table, parse, rows, dictionary

    Quotes may hold delimiters and line breaks. A line that is too short gets empty texts; one that is too long is an
    error that names it.

    Use cases:
    - Read an exported table and filter its rows
    - Send the rows of a file through a For Each
    - Turn a table into JSON
    """

    type_name: ClassVar = "nodetool.dictionary.ParseCSV"
    runs: ClassVar[Runs] = "inline"

    csv_data: Annotated[str, Meta(description="The table as text, its first line the names of the columns.")] = ""
    delimiter: Annotated[str, Meta(description="The one character between two cells.")] = ","
    convert_numbers: Annotated[bool, Meta(description="Make numbers of cells that are written as such.")] = False

    def process(self) -> list[dict[str, Any]]:
        lines = self._lines()
        header = next(lines, (0, []))[1]
        if len(set(header)) < len(header):
            double = next(name for name in header if header.count(name) > 1)
            raise ValueError(f"csv_data: two columns are named {double!r}")
        cell = _number_or_text if self.convert_numbers else str
        return [dict(zip(header, map(cell, _fitted(cells, header, line)), strict=True)) for line, cells in lines]

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the cells of each line that has any, with its number."""
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n':
            raise ValueError(f"delimiter: must be one character, neither quote nor line break, got {self.delimiter!r}")
        text = io.StringIO(self.csv_data.removeprefix("\ufeff"), newline="")
        reader = csv.reader(text, delimiter=self.delimiter, strict=True)
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise ValueError(f"csv_data: line {reader.line_num}: {error}") from error


def _fitted(cells: list[str], header: list[str], line: int) -> list[str]:
    if len(cells) > len(header):
        raise ValueError(f"csv_data: line {line} has {len(cells)} cells, but there are {len(header)} columns")
    return cells + [""] * (len(header) - len(cells))


def _number_or_text(cell: str) -> float | int | str:
    found = NUMBER.fullmatch(cell)
    if not found:
        return cell
    return float(cell) if found[2] or found[3] else int(cell)
