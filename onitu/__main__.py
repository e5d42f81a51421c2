"""`onitu` and `python -m onitu`."""

from __future__ import annotations

import sys

from onitu.cli.main import run


def main() -> int:
    """Runs the command line and returns its exit code."""
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
