"""What nodes print, line by line."""

import io
import threading
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nodetool.runner.prints import MAX_LINE, Prints


class Desk:
    """A run, or none; what it said, and what went on."""

    def __init__(self, run: str | None = "run") -> None:
        self.run = run
        self.said: list[tuple[str, str]] = []
        self.behind = io.StringIO()
        self.prints: Prints[str] = Prints(
            lambda: self.run, lambda run, line: self.said.append((run, line)), self.behind
        )


def test_a_line_goes_to_the_only_run() -> None:
    desk = Desk()
    print("one", 2, file=desk.prints)

    assert desk.said == [("run", "one 2")]
    assert desk.behind.getvalue() == ""


def test_a_line_of_nobody_goes_on() -> None:
    desk = Desk(None)
    print("one", file=desk.prints)

    assert (desk.said, desk.behind.getvalue()) == ([], "one\n")


def test_a_line_may_be_written_in_parts() -> None:
    desk = Desk()
    for part in ("o", "ne\nt", "wo", "\n\n"):
        desk.prints.write(part)

    assert [line for _, line in desk.said] == ["one", "two"]


def test_what_a_run_leaves_unfinished_is_not_the_beginning_of_another_runs_line() -> None:
    desk = Desk()
    desk.prints.write("mine")
    desk.run = "other"
    desk.prints.write("yours\n")

    assert desk.said == [("other", "yours")]
    assert desk.behind.getvalue() == "mine\n"


def test_a_line_without_end_comes_in_pieces() -> None:
    desk = Desk()
    for _ in range(5):
        desk.prints.write("x" * MAX_LINE * 2)

    assert [len(line) for _, line in desk.said] == [MAX_LINE] * 10


def test_halves_of_characters_are_replaced() -> None:
    desk = Desk()
    print("a\ud800b", file=desk.prints)

    assert desk.said == [("run", "a?b")]


@given(st.text(alphabet="ab\n", max_size=40), st.lists(st.integers(0, 40), max_size=5))
def test_lines_do_not_depend_on_how_they_are_written(text: str, cuts: list[int]) -> None:
    desk = Desk()
    places = [0, *sorted(cuts), len(text)]
    for begin, end in pairwise(places):
        desk.prints.write(text[begin:end])

    assert [line for _, line in desk.said] == [line for line in text.split("\n")[:-1] if line]


def test_threads_lose_nothing() -> None:
    desk = Desk()
    threads = [threading.Thread(target=lambda: [desk.prints.write("line\n") for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert desk.said == [("run", "line")] * 2000
