"""Tables written as text."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from nodetool.nodes._json import as_text
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

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
            raise BadInput("csv_data", f"two columns are named {double!r}")
        cell = _number_or_text if self.convert_numbers else str
        return [dict(zip(header, map(cell, _fitted(cells, header, line)), strict=True)) for line, cells in lines]

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the cells of each line that has any, with its number."""
        text = io.StringIO(self.csv_data.removeprefix("\ufeff"), newline="")
        reader = csv.reader(text, delimiter=_checked(self.delimiter), strict=True)
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise BadInput("csv_data", f"line {reader.line_num}: {error}") from error


class StringifyCSV(Node):
    """Write dictionaries as comma-separated values: a line for each, below a line with the names of the columns.
    csv, table, stringify, rows, dictionary

    The columns are those given, else all keys in the order in which they come up. What a dictionary does not have is
    an empty cell, and what is no text or number is written as JSON.

    Use cases:
    - Give a table to a spreadsheet
    - Return rows as a text
    - Put a table into a prompt
    """

    type_name: ClassVar = "nodetool.dictionary.StringifyCSV"
    title: ClassVar = "Stringify CSV"
    runs: ClassVar[Runs] = "inline"

    data: list[dict[str, Any]] = []
    columns: Annotated[list[str], Meta(description="The columns to write, in order; all if there are none.")] = []
    delimiter: Annotated[str, Meta(description="The one character between two cells.")] = ","

    def process(self) -> str:
        columns = self.columns or list(dict.fromkeys(name for row in self.data for name in row))
        delimiter = _checked(self.delimiter)
        rows = [columns, *([_cell(row.get(name)) for name in columns] for row in self.data)] if columns else []
        return "".join(_line(cells, delimiter) for cells in rows)


def _line(cells: list[str], delimiter: str) -> str:
    """Write a line, with quotes around what would be read as something else."""
    if cells == [""]:
        return '""\n'
    special = {delimiter, '"', "\r", "\n"}
    quoted = ('"' + cell.replace('"', '""') + '"' if special & set(cell) else cell for cell in cells)
    return delimiter.join(quoted) + "\n"


def _checked(delimiter: str) -> str:
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise BadInput("delimiter", "must be one character, neither quote nor line break", delimiter)
    return delimiter


def _cell(value: Any) -> str:
    return "" if value is None else as_text(value)


def _fitted(cells: list[str], header: list[str], line: int) -> list[str]:
    if len(cells) > len(header):
        raise BadInput("csv_data", f"line {line} has {len(cells)} cells, but there are {len(header)} columns")
    return cells + [""] * (len(header) - len(cells))


def _number_or_text(cell: str) -> float | int | str:
    found = NUMBER.fullmatch(cell)
    if not found:
        return cell
    return float(cell) if found[2] or found[3] else int(cell)
