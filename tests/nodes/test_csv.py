"""Tables as people export them."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.csv import ParseCSV, StringifyCSV
from nodetool.sdk.testing import run

CELLS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


def parsed(csv_data: str, **fields: Any) -> Any:
    return run(ParseCSV(csv_data=csv_data, **fields))


def test_each_line_is_a_dictionary() -> None:
    assert parsed("name,city\nAda,London\nLin,東京\n") == [
        {"name": "Ada", "city": "London"},
        {"name": "Lin", "city": "東京"},
    ]


@pytest.mark.parametrize("csv_data", ["", "\n", "name,city", "name,city\n", "name,city\n\n\n"])
def test_a_table_without_lines_is_empty(csv_data: str) -> None:
    assert parsed(csv_data) == []


def test_quotes_hold_delimiters_quotes_and_line_breaks() -> None:
    assert parsed('a,b\n"1,5","say ""hi""\nthere"\n') == [{"a": "1,5", "b": 'say "hi"\nthere'}]


def test_tables_of_other_systems_are_read() -> None:
    assert parsed("\ufeffa;b\r\n1;2\r\n", delimiter=";") == [{"a": "1", "b": "2"}]
    assert parsed("a\tb\r1\t2\r", delimiter="\t") == [{"a": "1", "b": "2"}]


def test_a_short_line_gets_empty_texts() -> None:
    assert parsed("a,b,c\n1\n") == [{"a": "1", "b": "", "c": ""}]


def test_numbers_stay_text_unless_asked_for() -> None:
    assert parsed("n\n1.50\n") == [{"n": "1.50"}]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        ("007", "007"),
        ("+49", "+49"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("12 ", "12 "),
        ("٣", "٣"),
        ("2024-01-01", "2024-01-01"),
        ("", ""),
    ],
)
def test_only_what_is_written_as_a_number_becomes_one(cell: str, value: Any) -> None:
    (row,) = parsed(f"a,n\nx,{cell}\n", convert_numbers=True)

    assert row["n"] == value
    assert type(row["n"]) is type(value)


@pytest.mark.parametrize(
    ("csv_data", "message"),
    [
        ("a,b\n1,2\n1,2,3\n", "csv_data: line 3 has 3 cells, but there are 2 columns"),
        ("a,b,a\n1,2,3\n", "csv_data: two columns are named 'a'"),
        ('a,b\n1,"cut', "csv_data: line 2: unexpected end of data"),
        ('a\n"x"y\n', "csv_data: line 2: ',' expected after '\"'"),
    ],
    ids=["long line", "double column", "open quote", "text after a quote"],
)
def test_a_broken_table_says_where(csv_data: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parsed(csv_data)


@pytest.mark.parametrize("delimiter", ["", ";;", "\n", '"'], ids=repr)
def test_a_delimiter_is_one_character_without_another_meaning(delimiter: str) -> None:
    with pytest.raises(ValueError, match="delimiter: must be one character, neither quote nor line break"):
        parsed("a\n1", delimiter=delimiter)


@given(st.lists(st.tuples(CELLS, CELLS)))
def test_what_the_standard_library_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("a", "b"), *rows])

    assert ParseCSV(csv_data=file.getvalue()).process() == [{"a": a, "b": b} for a, b in rows]


@given(st.lists(st.fixed_dictionaries({"a": CELLS, "ü": CELLS}), min_size=1), st.sampled_from(",;\t|"))
def test_what_is_written_is_read_again(rows: list[dict[str, str]], delimiter: str) -> None:
    written = StringifyCSV(data=rows, delimiter=delimiter).process()

    assert ParseCSV(csv_data=written, delimiter=delimiter).process() == rows


def test_columns_are_those_given_else_all() -> None:
    rows: list[dict[str, Any]] = [{"a": 1}, {"b": [1, {"x": None}], "a": None}]

    assert run(StringifyCSV(data=rows)) == 'a,b\n1,\n,"[1, {""x"": null}]"\n'
    assert run(StringifyCSV(data=rows, columns=["b", "c"])) == 'b,c\n,\n"[1, {""x"": null}]",\n'
    assert run(StringifyCSV()) == ""


def test_a_delimiter_is_one_character() -> None:
    with pytest.raises(ValueError, match=r"delimiter: must be one character, .*, got ', '"):
        run(StringifyCSV(data=[{"a": 1}], delimiter=", "))
