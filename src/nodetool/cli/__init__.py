"""The command line: reads settings and files, hands over, and prints what comes back."""

from nodetool.cli.command import main as main

__all__ = ["main"]
