"""The page for people."""

from pathlib import Path

from tests.server.live import live


async def test_the_page_stands_at_the_root(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>né</title>", encoding="utf-8")

    async with live(page=page) as server:
        answer = await server.http.get("/")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.content == page.read_bytes()


async def test_a_page_that_is_not_there_is_no_fault_of_the_server(tmp_path: Path) -> None:
    for page in (tmp_path / "none.html", None):
        async with live(page=page) as server:
            assert (await server.http.get("/")).json()["code"] == "not_found"
