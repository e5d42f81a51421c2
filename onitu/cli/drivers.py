"""`onitu drivers`: lists the installed drivers and their options."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

from onitu.config.drivers import Known, installed_drivers
from onitu.core.manifest import Manifest, Option


def run(_arguments: argparse.Namespace) -> int:
    """Prints the list. A driver whose manifest is faulty is in it, with what is wrong."""
    drivers = installed_drivers()
    blocks = ("\n".join(_describe(name, known)) for name, known in drivers.items())
    print("\n\n".join(blocks) or "no driver is installed")
    return 0


def _describe(name: str, known: Known) -> Iterator[str]:
    if not isinstance(known, Manifest):
        yield f"{name}: cannot be used\n  {known}"
        return
    yield f"{name}: {known.description}"
    for option in known.options:
        yield f"  {option.key} ({_kind(option)}): {option.description}"


def _kind(option: Option) -> str:
    """Returns what an option takes: "string, mandatory", "integer, default 22"."""
    kind = option.type.value
    if option.values:
        kind = " | ".join(json.dumps(value, ensure_ascii=False) for value in option.values)
    kind += ", mandatory" if option.mandatory else f", default {json.dumps(option.default, ensure_ascii=False)}"
    if option.secret:
        kind += ", secret"
    return kind + (", per folder" if option.per_folder else "")
