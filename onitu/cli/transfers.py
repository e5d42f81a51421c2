"""`onitu transfers`: what is on its way."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

from onitu.cli.running import Running, print_json

#: Characters of a bar.
BAR = 20


def run(arguments: argparse.Namespace) -> int:
    """Prints what is on its way and returns 0.

    Raises:
        OnituError: There is no running core, or no setup.
    """
    transfers = Running(arguments).ask("GET", "/transfers")["transfers"]
    if arguments.json:
        print_json(transfers)
    else:
        print("\n".join(lines(transfers)) or "nothing is on its way")
    return 0


def lines(transfers: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yields transfers for a person: the larger ones with a bar."""
    for one in sorted(transfers, key=lambda one: -one["size"])[:BAR]:
        share = one["done"] / one["size"] if one["size"] else 0.0
        bar = "#" * int(share * BAR)
        rate = one["done"] / max(time.time() - one["since"], 0.1) / 1e6
        yield f"  {one['source']} > {one['target']}  {one['folder']}/{one['filename']}"
        yield f"    [{bar:<{BAR}}] {share:4.0%} of {one['size'] / 1e6:,.1f} MB, {rate:,.1f} MB/s"
    if len(transfers) > BAR:
        yield f"  and {len(transfers) - BAR:,} more"
