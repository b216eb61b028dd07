"""Shells complete what is typed."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = ROOT / ".venv" / "bin"

TYPED = """
source "$HOME/.bashrc"
for words in "nodetool jo" "nodetool jobs pr" "nodetool jobs list --status r"; do
    COMP_WORDS=($words)
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _nodetool_completion nodetool
    echo "${COMPREPLY[@]}"
done
complete -p nodetool
"""


def test_bash_completes_commands_options_and_words(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "PATH": f"{BIN}:/usr/bin:/bin", "SHELL": "/bin/bash"}

    # It looks which shell it is called from.
    installed = subprocess.run(
        ["bash", "-c", "nodetool --install-completion; true"], env=env, capture_output=True, text=True, check=True
    )
    completed = subprocess.run(["bash", "-c", TYPED], env=env, capture_output=True, text=True, check=True)

    assert "bash completion installed" in installed.stdout
    assert completed.stdout.splitlines() == [
        "jobs",
        "profile prune",
        "running",
        "complete -o default -F _nodetool_completion nodetool",
    ]
