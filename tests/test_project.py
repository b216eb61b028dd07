"""The repository itself: what a stranger, a package index and a linter rely on."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ["requirements.lock", "requirements-build.lock", "requirements-dev.lock"]

# Spelt in pieces, so that this file does not find itself.
REGISTRIES = "|".join(["py" + "pi.org", "python" + "hosted.org", "registry.np" + "mjs", "deb." + "debian.org"])
MACHINE_PATHS = "|".join(
    [r"/wo" + r"rk/", r"/ro" + r"ot/", r"/ho" + r"me/\w", r"/Us" + r"ers/\w", r"\.\./sha" + r"red"]
)


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text())


def files_of_the_project(root: Path) -> list[Path]:
    """What git has or would take; in an unpacked archive there is no git, and nothing to ask."""
    if not (root / ".git").exists():
        pytest.skip("not a git repository")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [root / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_holds_hashes_and_no_url(root: Path, name: str) -> None:
    lock = (root / name).read_text()

    assert "://" not in lock
    assert len(re.findall(r"==.*\\\n +--hash=sha256:[0-9a-f]{64}", lock)) == len(pins(root / name)) > 0


def test_the_javascript_lock_holds_hashes_and_no_url(root: Path) -> None:
    text = (root / "tests" / "js" / "package-lock.json").read_text()
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}

    assert "://" not in text
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())


@pytest.mark.parametrize(
    ("name", "group"),
    [("requirements.lock", None), ("requirements-build.lock", "build"), ("requirements-dev.lock", "dev")],
)
def test_a_lock_file_answers_what_pyproject_asks_for(root: Path, name: str, group: str | None) -> None:
    settings, locked = project(root), pins(root / name)
    asked = settings["dependency-groups"][group] if group else settings["project"]["dependencies"]
    wanted = [Requirement(line) for line in asked if isinstance(line, str)]

    missing = [
        str(need) for need in wanted if not need.specifier.contains(locked.get(canonicalize_name(need.name), "0"))
    ]
    assert missing == []


def test_the_lock_files_agree(root: Path) -> None:
    every = pins(root / "requirements-dev.lock")

    assert pins(root / "requirements.lock").items() <= every.items()
    assert pins(root / "requirements-build.lock").items() <= every.items()


def test_core_dependencies_stay_near_fifteen(root: Path) -> None:
    assert len(project(root)["project"]["dependencies"]) <= 18


def test_the_changelog_has_a_place_for_what_is_not_released(root: Path) -> None:
    assert "\n## [Unreleased]\n" in (root / "CHANGELOG.md").read_text()


def test_the_version_is_the_same_everywhere(root: Path) -> None:
    import nodetool

    assert project(root)["project"]["version"] == nodetool.__version__


def test_the_standard_library_is_registered_like_anyones() -> None:
    (found,) = [entry for entry in entry_points(group="nodetool.nodes") if entry.name == "nodetool"]

    assert found.value == "nodetool.nodes"


def test_the_wheel_carries_what_is_not_python(root: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(root)], capture_output=True, check=True)
    (wheel,) = tmp_path.glob("nodetool-*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())

    package = {f"nodetool/{path.relative_to(root / 'src/nodetool')}" for path in (root / "src/nodetool").rglob("*.sql")}
    examples = {f"nodetool/{path.relative_to(root)}" for path in (root / "examples" / "workflows").glob("*.*")}
    assert {"nodetool/py.typed"} | package | examples <= carried


def test_importing_the_package_is_light() -> None:
    """A promise to those who embed it: no framework, no event loop, nothing but a name."""
    script = "import sys; before = set(sys.modules); import nodetool; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["nodetool"]


def test_no_file_names_a_registry_or_a_path_of_one_machine(root: Path) -> None:
    forbidden = re.compile(f"({REGISTRIES}|{MACHINE_PATHS})".encode())
    named = {
        f"{path.relative_to(root)}: {match[0].decode()}"
        for path in files_of_the_project(root)
        for match in forbidden.finditer(path.read_bytes())
    }

    assert named == set()


def test_every_room_is_in_the_table_of_rooms(root: Path) -> None:
    table = (root / "CONTRIBUTING.md").read_text()
    rooms = [path.parent.name for path in (root / "src" / "nodetool").glob("*/__init__.py")]

    assert [room for room in rooms if f"| `{room}/` |" not in table] == []


@pytest.mark.parametrize("name", ["run", "test", ".ci/run", "scripts/setup", "scripts/find-python", "scripts/lock"])
def test_a_command_can_be_executed(root: Path, name: str) -> None:
    assert (root / name).stat().st_mode & 0o111
