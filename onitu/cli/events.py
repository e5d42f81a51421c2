"""`onitu events`: what happens, as it happens."""

from __future__ import annotations

import argparse
import json
import sys

from onitu.cli.running import Running


def run(arguments: argparse.Namespace) -> int:
    """Prints events, one a line, until it is interrupted or the core ends; then returns 0.

    Raises:
        OnituError: There is no running core, or no setup.
    """
    name = ""
    for line in Running(arguments).follow("/events"):
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            if arguments.json:
                print(value)
            else:
                said = json.loads(value)
                keys = said.items() if isinstance(said, dict) else [("data", said)]
                print(name, *(f"{key}={text}" for key, text in keys))
            sys.stdout.flush()
    return 0
