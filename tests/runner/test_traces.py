"""The trace of an error, as the server's log gets it."""

from nodetool.runner.traces import LONGEST, trace_of


def raised(error: ValueError) -> ValueError:
    """Return an error that has a trace."""
    try:
        raise error
    except ValueError as caught:
        return caught


def test_a_trace_shows_where_and_what() -> None:
    lines = trace_of(raised(ValueError("no"))).splitlines()

    assert lines[0].startswith("Traceback")
    assert "in raised" in lines[1]
    assert lines[-1] == "ValueError: no"


def test_a_long_trace_keeps_its_beginning_and_its_end() -> None:
    text = trace_of(raised(ValueError("x" * 10 * LONGEST + "the end")))

    assert LONGEST < len(text) < LONGEST + 100
    assert text.startswith("Traceback")
    assert text.endswith("the end")
    assert "characters …" in text


def test_a_trace_can_be_sent_whatever_is_in_it() -> None:
    assert trace_of(ValueError("half \ud800")).encode().endswith(b"half ?")
