"""The token of ``static``: where it is found, and how it is made."""

import os
from pathlib import Path

import pytest

from nodetool.auth.deployment import BadDeployment, StaticToken, find_or_make


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_what_is_given_goes_before_every_file(home: Path, old: Path) -> None:
    (home / "deployment.yaml").write_text("worker_auth_token: other\n")

    assert find_or_make("mine", home, old) == StaticToken(token="mine", place="WORKER_AUTH_TOKEN")


def test_the_file_of_the_home_goes_before_the_old_one(home: Path, old: Path) -> None:
    (old / "deployment.yaml").write_text("default_model: x\nworker_auth_token: from-before\n")
    assert find_or_make("", home, old).token == "from-before"

    (home / "deployment.yaml").write_text('worker_auth_token: "of the home"\n')
    assert find_or_make("", home, old).token == "of the home"


def test_without_one_it_is_made_and_told_once(home: Path, old: Path) -> None:
    made = find_or_make("", home, old)
    again = find_or_make("", home, old)

    assert len(made.token) == 43
    assert made.is_new
    assert again == StaticToken(token=made.token, place=str(home / "deployment.yaml"))
    assert list(old.iterdir()) == []


def test_its_file_is_for_its_owner_alone_whatever_the_umask(home: Path, old: Path) -> None:
    before = os.umask(0)
    try:
        find_or_make("", home, old)
    finally:
        os.umask(before)

    assert [(file.name, file.stat().st_mode & 0o777) for file in home.iterdir()] == [("deployment.yaml", 0o600)]


def test_what_the_file_held_stays(home: Path, old: Path) -> None:
    (home / "deployment.yaml").write_text("# mine\nworkers: 3")

    made = find_or_make("", home, old)

    assert (home / "deployment.yaml").read_text() == f"# mine\nworkers: 3\nworker_auth_token: {made.token}\n"
    assert (home / "deployment.yaml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["{", "worker_auth_token: 12345\n", "worker_auth_token: [a]\n"])
def test_a_file_that_is_not_what_it_should_be_is_told_and_left(home: Path, old: Path, text: str) -> None:
    (home / "deployment.yaml").write_text(text)

    with pytest.raises(BadDeployment, match=r"deployment\.yaml"):
        find_or_make("", home, old)
    assert (home / "deployment.yaml").read_text() == text


def test_a_list_or_an_empty_file_holds_no_token(home: Path, old: Path) -> None:
    (old / "deployment.yaml").write_text("- a\n")
    (home / "deployment.yaml").write_text("")

    assert find_or_make("", home, old).is_new
