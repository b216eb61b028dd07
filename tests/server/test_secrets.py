"""Secrets over HTTP: written and listed, never read."""

import pytest

from tests.server.live import Live, live

PATH = "/api/settings/secrets"


async def test_a_secret_is_set_listed_and_removed(editor: Live) -> None:
    set_ = await editor.http.put(f"{PATH}/KEY", json={"value": "hidden"})
    listed = await editor.http.get(PATH)
    removed = await editor.http.delete(f"{PATH}/KEY")

    assert (set_.status_code, set_.json()) == (200, {"name": "KEY", "updated_at": "2023-11-14T22:13:20.000000Z"})
    assert listed.json() == {"next": "", "secrets": [set_.json()]}
    assert (removed.status_code, removed.content) == (200, b"null")
    assert "hidden" not in listed.text + set_.text
    assert (await editor.http.get(f"{PATH}/")).json() == {"next": "", "secrets": []}


async def test_a_value_cannot_be_read(editor: Live) -> None:
    await editor.http.put(f"{PATH}/KEY", json={"value": "hidden"})

    refused = await editor.http.get(f"{PATH}/KEY?decrypt=true")

    assert (refused.status_code, refused.headers["allow"]) == (405, "DELETE, OPTIONS, PUT")
    assert "hidden" not in refused.text


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": 1}, [], "x"])
async def test_a_body_without_a_value_is_refused_and_not_repeated(editor: Live, body: object) -> None:
    refused = await editor.http.put(f"{PATH}/KEY", json=body)

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert editor.house.secrets.values == {}


async def test_what_is_not_there_cannot_be_removed(editor: Live) -> None:
    missing = await editor.http.delete(f"{PATH}/KEY")

    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


async def test_the_worker_takes_no_secrets(worker: Live) -> None:
    for path in (PATH, "/settings/secrets"):
        assert (await worker.http.get(path)).status_code == 404


async def test_a_page_of_somebody_else_cannot_set_one() -> None:
    async with live() as editor:
        headers = {"Origin": "https://example.org"}
        refused = await editor.http.put(f"{PATH}/KEY", json={"value": "x"}, headers=headers)

    assert refused.status_code == 403
    assert editor.house.secrets.values == {}
