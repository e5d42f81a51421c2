"""`onitu plan`: says what `onitu serve` would do. `serve --once --dry-run` for people, who want no log beside it."""

from __future__ import annotations

import argparse

from onitu.cli import serve


def run(arguments: argparse.Namespace) -> int:
    """Prints what would be done per service and returns 0, or 1 if a service cannot be looked at.

    Raises:
        ConfigError: The setup cannot be used.
        StoreError: The data directory cannot be read.
    """
    arguments.once = arguments.dry_run = True
    arguments.host = arguments.port = arguments.log_format = None
    return serve.run(arguments, quiet=True)
