"""`onitu ls`: the files that a running core knows."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from onitu.cli.running import Running

#: Files that are asked for at once.
PAGE = 1_000


def run(arguments: argparse.Namespace) -> int:
    """Prints files, one a line, and returns 0. With JSON each line is an object.

    Raises:
        OnituError: There is no running core, or no setup, or no such folder or service.
    """
    core = Running(arguments)
    for file in _files(core, arguments):
        if arguments.json:
            print(json.dumps(file, ensure_ascii=False))
        else:
            holders = " ".join(name if name in file["uptodate"] else f"[{name}]" for name in file["owners"])
            print(f"{file['size']:>15,}  {file['folder']}/{file['filename']}  {holders}")
    return 0


def _files(core: Running, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yields all files, a page at a time."""
    wanted = {"folder": arguments.folder, "q": arguments.query, "service": arguments.lacking}
    query = {name: value for name, value in wanted.items() if value is not None}
    while True:
        files = core.ask("GET", f"/files?{urlencode({**query, 'limit': PAGE})}")["files"]
        yield from files
        if len(files) < PAGE:
            return
        query["after"] = f"{files[-1]['folder']}/{files[-1]['filename']}"
