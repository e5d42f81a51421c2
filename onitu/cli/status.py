"""`onitu status`: how a running core is doing."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

from onitu.cli.running import Running, print_json
from onitu.cli.transfers import lines as transfer_lines
from onitu.expiry import date_of

#: Seconds between two looks.
INTERVAL = 1.0


def run(arguments: argparse.Namespace) -> int:
    """Prints the status once, or again and again, and returns 0.

    Raises:
        OnituError: There is no running core, or no setup.
    """
    core = Running(arguments)
    while True:
        status, transfers = core.ask("GET", "/status"), core.ask("GET", "/transfers")["transfers"]
        if arguments.json:
            print_json({**status, "on_their_way": transfers})
        else:
            if arguments.watch and sys.stdout.isatty():
                print("\x1b[H\x1b[2J", end="")
            print("\n".join([*_lines(status), *transfer_lines(transfers)]))
        if not arguments.watch:
            return 0
        sys.stdout.flush()
        time.sleep(INTERVAL)


def _lines(status: dict[str, Any]) -> Iterator[str]:
    """Yields the status for a person."""
    state = "settled" if status["settled"] else "at work"
    yield f"{status['name']}: {state}; {status['files']:,} files ({status['bytes']:,} bytes) copied since its start"
    width = max((len(one["name"]) for one in status["services"]), default=0)
    for one in status["services"]:
        yield f"  {one['name']:<{width}}  {', '.join(_parts(one))}"
        if one["reason"]:
            yield f"  {'':<{width}}  {one['reason']}"
        for certificate in one["certificates"]:
            if certificate["warning"]:
                yield f"  {'':<{width}}  {certificate['warning']}"


def _parts(service: dict[str, Any]) -> Iterator[str]:
    """Yields what there is to say of a service."""
    yield service["status"]
    if service["waiting"]:
        yield f"waits until {service['waiting']}"
    pending = sum(folder["pending"] for folder in service["folders"])
    if pending:
        yield f"{pending:,} to do"
    lag = max((folder["lag"] for folder in service["folders"]), default=0.0)
    if lag >= 1:
        yield f"the oldest for {_duration(lag)}"
    looking = [folder["name"] for folder in service["folders"] if not folder["listed"]]
    if looking and service["status"] == "active":
        yield f"looking at {', '.join(looking)}"
    if service["errors"]:
        yield f"{service['errors']:,} failed"
    if service["certificates"]:
        yield f"certificates until {date_of(min(one['expires'] for one in service['certificates']))}"


def _duration(seconds: float) -> str:
    """Returns a time as people say it, in its largest unit."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
