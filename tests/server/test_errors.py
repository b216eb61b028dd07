import inspect

import pytest

from nodetool.protocol import errors
from nodetool.protocol.errors import NodetoolError
from nodetool.server.errors import STATUS, status_of
from tests.server.live import Live

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, NodetoolError)]
NEVER_ANSWERED = {NodetoolError, errors.HomeInUse, errors.HomeTooNew, errors.MissingExtra}
"""The base, and what is raised before there is a server."""


@pytest.mark.parametrize("kind", sorted(set(ALL) - NEVER_ANSWERED, key=repr), ids=lambda kind: kind.__name__)
def test_every_error_has_a_status(kind: type[NodetoolError]) -> None:
    assert any(base in STATUS for base in kind.__mro__)


def test_every_failure_of_a_run_is_500() -> None:
    assert {status_of(kind()) for kind in errors.FAILURES.values()} == {500}


def test_codes_are_distinct() -> None:
    codes = [kind.code for kind in ALL]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/api/nowhere/at/all", 404, "not_found"),
        ("GET", "/predict", 404, "not_found"),
        ("GET", "/api/workflows/wf/run", 405, "method_not_allowed"),
        ("PATCH", "/api/workflows", 405, "method_not_allowed"),
        ("GET", "/api/jobs/run", 405, "method_not_allowed"),
        ("POST", "/health", 405, "method_not_allowed"),
    ],
)
async def test_the_framework_refuses_with_our_problems(
    editor: Live, method: str, path: str, status: int, code: str
) -> None:
    answer = await editor.http.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_405_says_what_is_allowed(editor: Live) -> None:
    answer = await editor.http.patch("/api/workflows/wf")

    assert answer.headers["allow"] == "DELETE, GET, OPTIONS, PUT"


async def test_a_bug_is_500_and_shows_nothing_of_the_inside(editor: Live) -> None:
    editor.jobs.refuse = ZeroDivisionError("/secret/path.py: SELECT *")  # type: ignore[assignment]

    answer = await editor.http.post("/api/workflows/wf/run")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "SELECT" not in answer.text
    assert "ZeroDivision" not in answer.text


async def test_a_path_with_percent_signs_is_an_id_like_any_other(editor: Live) -> None:
    answer = await editor.http.get("/api/workflows/%F0%9F%8E%89%20%22")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "no workflow '🎉 \"'"
