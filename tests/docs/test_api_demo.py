"""The demo page in a real browser, opened from disk, against a real server."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs import browser, graphs
from tests.docs.browser import Page, browsing
from tests.examples.proxy import proxied
from tests.serving import Served, serving

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    found = browser.find()
    if found is None:
        pytest.skip("no browser is installed (Debian: apt-get install chromium)")
    with browsing(found, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def demo(page: Page, root: Path, server: Served) -> Page:
    """The demo page as somebody sees it for the first time, with the workflows of the server."""
    page.open((root / "api-demo.html").as_uri())
    page.evaluate("sessionStorage.clear(), localStorage.clear()")
    page.reload()
    page.wait("h1", "Run a workflow")
    load(page, server.url)
    return page


def load(page: Page, url: str) -> None:
    page.fill("#endpoint", url)
    page.click("#server button")
    page.wait("#workflow", "Journey of Voyager 2")


def store(api: httpx.Client, demo: Page, id: str, graph: graphs.Graph) -> None:
    """Store a workflow, and select it."""
    api.put(f"/api/workflows/{id}", json={"name": id, "graph": graph})
    demo.click("#server button")
    demo.wait("#workflow", id)
    demo.fill("#workflow", id)


def progress(demo: Page) -> int:
    value: int = demo.evaluate("document.querySelector('progress')?.value ?? 0")
    return value


def test_it_runs_a_workflow_and_shows_nodes_progress_and_outputs(demo: Page) -> None:
    demo.fill("#workflow", "slow-progress")
    demo.fill("#input-seconds", "0.05")
    demo.click("#run")

    demo.wait("#status", "Completed")

    assert progress(demo) == 7
    assert "Pace\ncompleted" in demo.text("#nodes")
    assert "Voyager 2 left the heliosphere" in demo.wait("#outputs", "Report")
    assert demo.text("#outputs").startswith("Stages")
    assert demo.text("#trouble") == ""


def test_the_server_shows_it_at_its_own_address(page: Page, server: Served) -> None:
    page.open(f"{server.url}/")

    page.wait("#workflow", "Journey of Voyager 2")

    assert page.evaluate("document.querySelector('#endpoint').value") == server.url


def test_the_form_has_a_label_for_every_field_and_the_defaults(demo: Page) -> None:
    demo.fill("#workflow", "csv-report")

    assert demo.evaluate("[...document.querySelectorAll('input, select, textarea')].every(({labels}) => labels.length)")
    assert demo.evaluate("[...document.querySelectorAll('#fields input')].map(({min, value}) => [min, value])") == [
        ["-273.15", "1000"]
    ]


def test_it_shows_a_table_for_a_list_of_dictionaries(demo: Page, api: httpx.Client) -> None:
    rows = graphs.chain(
        ("", "nodetool.constant.List", {"value": [{"city": "Rome", "people": 2}, {"city": "Lima", "people": 10}]}),
        graphs.output("cities"),
    )
    store(api, demo, "cities", rows)
    demo.click("#run")

    demo.wait("#status", "Completed")

    assert demo.text("#outputs table").split() == ["city", "people", "Rome", "2", "Lima", "10"]


def test_it_says_beside_the_field_what_does_not_fit(demo: Page) -> None:
    demo.fill("#workflow", "slow-progress")
    demo.fill("#input-seconds", "99")
    demo.evaluate("document.querySelector('#inputs').noValidate = true")
    demo.click("#run")

    assert "60" in demo.wait("#input-seconds-wrong", "at most")
    assert demo.evaluate("document.activeElement.id") == "input-seconds"
    assert demo.text("#trouble") == ""
    demo.fill("#input-seconds", "0")
    demo.click("#run")
    demo.wait("#status", "Completed")


def test_it_says_why_a_run_failed(demo: Page, api: httpx.Client) -> None:
    store(api, demo, "failing", graphs.failing("the cat ate it"))
    demo.click("#run")

    assert "the cat ate it" in demo.wait("#status", "Failed")
    assert "the cat ate it" in demo.text("#nodes")


def test_a_reload_keeps_the_run(demo: Page, api: httpx.Client) -> None:
    demo.fill("#workflow", "slow-progress")
    demo.fill("#input-seconds", "0.4")
    demo.click("#run")
    demo.wait("#outputs", "passed Jupiter")

    demo.reload()

    assert "launched from Cape Canaveral" in demo.wait("#outputs", "passed Saturn")
    assert "Running" in demo.text("#status")
    demo.wait("#status", "Completed")
    assert len(api.get("/api/jobs?workflow_id=slow-progress&status=running").json()["jobs"]) == 0


def test_it_cancels_a_run(demo: Page, api: httpx.Client) -> None:
    demo.fill("#workflow", "slow-progress")
    demo.fill("#input-seconds", "30")
    demo.click("#run")
    demo.wait("#nodes", "Pace\n")

    demo.click("#cancel")

    demo.wait("#status", "Cancelled")
    assert api.get("/api/jobs?limit=1").json()["jobs"][0]["status"] == "cancelled"
    assert demo.evaluate("[run.disabled, cancel.disabled]") == [False, True]


def test_it_comes_back_when_its_connection_was_cut(demo: Page, server: Served) -> None:
    with proxied(server.port) as proxy:
        load(demo, proxy.url)
        demo.fill("#workflow", "slow-progress")
        demo.fill("#input-seconds", "0.3")
        demo.click("#run")
        demo.wait("#outputs", "passed Jupiter")

        proxy.cut()

        demo.wait("#status", "Connection lost")
        demo.wait("#status", "Completed")

    assert demo.evaluate("document.querySelectorAll('#outputs li').length") == 7


def test_it_says_what_to_do_if_the_server_lets_no_page_from_disk_in(demo: Page, tmp_path: Path, root: Path) -> None:
    with serving(tmp_path / "home") as strict:
        demo.fill("#endpoint", strict.url)
        demo.click("#server button")

        demo.wait("#trouble", "--allow-origin null")


def test_it_says_that_no_server_answers(demo: Page) -> None:
    demo.fill("#endpoint", "http://127.0.0.1:9")
    demo.click("#server button")

    demo.wait("#trouble", "No server answers at http://127.0.0.1:9")
