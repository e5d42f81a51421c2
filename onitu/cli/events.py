"""`onitu events`: what happens, as it happens."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from onitu.cli.running import Running

#: Keys that say which file an event is about; a person reads them as one path.
_PATH = ("folder", "filename", "fid", "mimetype")


def run(arguments: argparse.Namespace) -> int:
    """Prints events, one a line, until it is interrupted or the core ends; then returns 0.

    Raises:
        OnituError: There is no running core, or no setup.
    """
    place = f"/events?last={quote(arguments.after, safe='')}" if arguments.after else "/events"
    number = kind = ""
    for line in Running(arguments).follow(place):
        field, _, value = line.partition(": ")
        if field == "id":
            number = value
        elif field == "event":
            kind = value
        elif field == "data":
            data = json.loads(value)
            if arguments.json:
                print(json.dumps({"id": number, "type": kind, "data": data}, ensure_ascii=False))
            else:
                print(f"{time.strftime('%H:%M:%S')} {kind:<8} {_words(data)}")
            sys.stdout.flush()
    return 0


def _words(data: Mapping[str, Any]) -> str:
    """Returns what an event says, for a person."""
    words = [str(data[key]) for key in ("service", "state", "status") if key in data]
    if "filename" in data:
        words.append(f"{data['folder']}/{data['filename'] or data.get('copy', '')}")
    if "target" in data:
        words.append(f"{data['source']} > {data['target']}")
    known = {*_PATH, "service", "state", "status", "source", "target"}
    words += [f"{key}={value}" for key, value in data.items() if key not in known and value not in ("", None, False)]
    return "  ".join(words)
