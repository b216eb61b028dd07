"""``python -m nodetool`` is the command ``nodetool``."""

from nodetool.cli import main

if __name__ == "__main__":
    main()
