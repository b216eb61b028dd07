"""Files that come with the project beside its code: in the package once it is installed, around it in a clone."""

from pathlib import Path


def shipped(name: str) -> Path:
    """Return where *name* is, a path relative to the repository: ``api-demo.html``, ``examples/workflows``."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.exists() else package.parent.parent / name
