"""`onitu verify`: reads all files again and says which are not what they are known to be."""

from __future__ import annotations

import argparse

from onitu.cli import serve


def run(arguments: argparse.Namespace) -> int:
    """Prints what differs per service and returns 0, or 1 if something does or cannot be read.

    Raises:
        ConfigError: The setup cannot be used.
        StoreError: The data directory cannot be read.
    """
    arguments.once = arguments.dry_run = True
    arguments.host = arguments.port = arguments.log_format = None
    return serve.run(arguments, quiet=True, verify=True, repair=arguments.repair)
