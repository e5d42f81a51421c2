"""`onitu why`: says why a file is where it is, and where it is not."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from onitu.config import data_directory, find_setup, load_setup

if TYPE_CHECKING:
    from onitu.core.why import Explanation, Verdict


def run(arguments: argparse.Namespace) -> int:
    """Prints what is known of a path and returns 0.

    Raises:
        ConfigError: The setup cannot be used, or has no such folder.
        StoreError: The records cannot be read.
    """
    import msgspec  # noqa: PLC0415 - as below

    from onitu.rest.why import why_of  # noqa: PLC0415 - as below
    from onitu.supervisor.state import in_use  # noqa: PLC0415 - once the setup is known to be good
    from onitu.supervisor.why import explain_path  # noqa: PLC0415 - as above

    setup = load_setup(find_setup(arguments.config))
    directory = data_directory(setup, arguments.data_dir)
    explanation = explain_path(directory, setup, arguments.path)
    if arguments.json:
        print(json.dumps(msgspec.to_builtins(why_of(explanation)), ensure_ascii=False, indent=2))
        return 0
    said = in_use(directory)
    if said is not None:
        print(said, file=sys.stderr)
    print("\n".join(_lines(explanation)))
    return 0


def _lines(explanation: Explanation) -> list[str]:
    """Returns the answer for a person."""
    verdicts = explanation.verdicts
    width = max((len(verdict.service) for verdict in verdicts), default=0)
    return [
        f"{explanation.folder}/{explanation.path}: {_head(explanation)}",
        *(f"  {one.service:<{width}}  {one.standing.value}: {one.reason}{_elsewhere(one)}" for one in verdicts),
    ]


def _head(explanation: Explanation) -> str:
    """Says what every service should have."""
    head = explanation.head
    if head is None:
        return "nothing is known of it"
    kind = head.kind.name.lower()
    size = f" of {head.size:,} bytes" if kind == "file" else ""
    if explanation.deleted:
        return f"a {kind} that was deleted"
    when = f", last changed {_time(head.mtime_ns)}" if head.mtime_ns is not None else ""
    return f"a {kind}{size}, version {head.number}, first seen on {head.origin}{when}"


def _elsewhere(verdict: Verdict) -> str:
    return f" (there it is '{verdict.path}')" if verdict.path else ""


def _time(nanoseconds: int) -> str:
    """Returns a time as the clock on the wall had it."""
    try:
        moment = datetime.fromtimestamp(nanoseconds / 1e9, tz=UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return f"{nanoseconds // 1_000_000_000} s after 1970"
    return moment.isoformat(" ", "seconds")
