"""What ./run and ./test set up, and what ./test says at the end."""

from pathlib import Path

import pytest

from scripts import checks, setup
from scripts.setup import JAVASCRIPT, PROJECT, RUNTIME, TOOLS, Part


def stamp_of(*parts: Part) -> dict[str, str]:
    return {"root": str(setup.ROOT)} | {part.name: part.digest() for part in parts}


@pytest.mark.parametrize(
    ("dev", "npm", "parts"),
    [(False, True, [RUNTIME, PROJECT]), (True, True, [TOOLS, PROJECT, JAVASCRIPT]), (True, False, [TOOLS, PROJECT])],
    ids=["run", "test", "test without Node.js"],
)
def test_a_fresh_clone_gets_what_its_command_needs(dev: bool, npm: bool, parts: list[Part]) -> None:
    assert setup.missing({}, dev=dev, npm=npm, modules=False) == parts
    assert setup.missing(stamp_of(*parts), dev=dev, npm=npm, modules=npm) == []


def test_the_tools_hold_what_a_run_needs() -> None:
    assert setup.missing(stamp_of(TOOLS, PROJECT), dev=False, npm=False, modules=False) == []


def test_a_changed_lock_file_is_installed_again() -> None:
    stamp = stamp_of(RUNTIME, PROJECT) | {RUNTIME.name: "what it was"}

    assert setup.missing(stamp, dev=False, npm=False, modules=False) == [RUNTIME]


def test_javascript_packages_that_were_deleted_come_back() -> None:
    stamp = stamp_of(TOOLS, PROJECT, JAVASCRIPT)

    assert setup.missing(stamp, dev=True, npm=True, modules=False) == [JAVASCRIPT]


def test_an_environment_that_was_moved_is_made_again() -> None:
    assert not setup.environment_works({"root": "/somewhere/else"})


def test_a_python_without_ensurepip_names_the_package_to_install() -> None:
    with pytest.raises(setup.SetupError, match="apt-get install python3-venv"):
        setup.check_python(lambda name: None if name == "ensurepip" else name)


def test_what_pip_installs_is_checked_against_hashes() -> None:
    assert "--require-hashes" in RUNTIME.command
    assert "--require-hashes" in TOOLS.command


def test_what_was_skipped_is_counted_by_reason(tmp_path: Path) -> None:
    report = tmp_path / "pytest.xml"
    skips = '<skipped type="pytest.skip" message="no Node.js"/>' * 2 + '<skipped type="pytest.xfail" message="known"/>'
    report.write_text(f"<testsuites>{skips}</testsuites>")

    assert checks.left_out(report) == ["2 tests: no Node.js"]


def test_only_a_full_run_uses_both_cores(tmp_path: Path) -> None:
    assert "-n" in checks.pytest_command([], tmp_path)
    assert "-n" not in checks.pytest_command(["-k", "gate"], tmp_path)


def test_the_summary_names_what_failed_and_what_was_left_out() -> None:
    outcomes = [checks.Outcome("lint", ok=True, seconds=0.1), checks.Outcome("tests", ok=False, seconds=2.0)]

    assert checks.summary(outcomes, ["2 tests: no Node.js"]).splitlines() == [
        "",
        "== summary",
        "ok      lint (0.1 s)",
        "FAILED  tests (2.0 s)",
        "left out: 2 tests: no Node.js",
    ]
