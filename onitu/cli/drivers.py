"""`onitu drivers`: lists the installed drivers and their options, or says everything about one."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator

from onitu.config.drivers import Known, installed_drivers
from onitu.config.faults import nearest
from onitu.core.capability import Capabilities, Conditional, NameComparison
from onitu.core.manifest import Manifest, Option
from onitu.errors import ConfigError, OnituError

#: Columns of the output.
WIDTH = 79

#: What a driver can do, in words; the names are those of the contract.
ABILITIES = {
    "watch": "report changes as they happen",
    "native_ids": "recognize what was renamed",
    "whole_files": "move files whole",
    "chunks": "move files in chunks",
    "restart_upload": "go on with an upload that was cut off",
    "get_files": "read many small files at once",
    "apply_batch": "change many files at once",
    "local_files": "take files of this host without a copy in between",
    "local_chunks": "go on with files of this host without a copy in between",
    "in_place": "write over files where they lie",
    "staging": "keep what is not whole out of sight",
    "trash": "keep what is replaced or deleted",
    "sync": "make many writes durable at once",
    "move_file": "rename files",
    "move_directory": "rename directories with all that is in them",
    "copy_file": "copy files by itself",
    "make_directory": "make directories",
    "delete_file": "delete files",
    "stat_files": "look at single files",
    "set_attributes": "change attributes alone",
    "executable": "tell which files are executable",
    "symlinks": "hold symbolic links",
}
_CONDITIONAL = {
    Conditional.ATOMIC: "in one step: nothing in between can be overwritten",
    Conditional.BEST_EFFORT: "looks right before and right after",
    Conditional.NONE: "replaces what is there",
}
_NAMES = {
    NameComparison.EXACT: "letter by letter",
    NameComparison.NORMALIZED: "in Unicode's composed form",
    NameComparison.CASE_INSENSITIVE: "without regard to case",
    NameComparison.CUSTOM: "in a way of its own",
}


def run(arguments: argparse.Namespace) -> int:
    """Prints the list, or all about one driver.

    A driver whose manifest is faulty is in the list, with what is wrong.

    Raises:
        ConfigError: There is no driver of that name.
        DriverError: Its manifest is faulty.
    """
    drivers = installed_drivers()
    if arguments.name is not None:
        return _tell(arguments.name, drivers)
    blocks = ("\n".join(_describe(name, known)) for name, known in drivers.items())
    print("\n\n".join(blocks) or "no driver is installed")
    return 0


def _tell(name: str, drivers: dict[str, Known]) -> int:
    """Prints everything about one driver; returns 1 if it cannot be asked what it can do."""
    known = drivers.get(name)
    if known is None:
        names = ", ".join(drivers) or "none"
        raise ConfigError(f"driver '{name}' is not installed{nearest(name, drivers)} (installed: {names})")
    if not isinstance(known, Manifest):
        raise known
    print("\n".join(_options(known)))
    sys.stdout.flush()
    # Starting it takes half a second, and it may not start at all: what is known without comes first.
    from onitu.supervisor.ask import ask_driver  # noqa: PLC0415

    try:
        asked = ask_driver(name)
    except OnituError as error:
        print(f"\nwhat it can do is not known, because it does not start:\n  {error}", file=sys.stderr)
        return 1
    print("\n".join(_abilities(asked.capabilities)))
    return 0


def _describe(name: str, known: Known) -> Iterator[str]:
    if not isinstance(known, Manifest):
        yield f"{name}: cannot be used\n  {known}"
        return
    yield f"{name}: {known.description}"
    for option in known.options:
        yield from _filled(f"{option.key} ({_kind(option)}): {option.description}", "  ", "      ")


def _options(manifest: Manifest) -> Iterator[str]:
    velocity = "" if manifest.velocity is None else f", velocity {manifest.velocity:g}"
    yield f"driver {manifest.name}{velocity}"
    yield from _filled(manifest.description, "  ", "  ")
    yield "\noptions"
    for option in manifest.options:
        yield f"  {option.key}: {_kind(option)}"
        yield from _filled(f"{option.name}. {option.description}", "      ", "      ")
    if not manifest.options:
        yield "  none"


def _abilities(capabilities: Capabilities) -> Iterator[str]:
    for title, wanted in (("\nit can", True), ("\nit cannot", False)):
        words = [text for name, text in ABILITIES.items() if getattr(capabilities, name) is wanted]
        if words:
            yield title
            yield from (f"  - {text}" for text in words)
    digests = ", ".join((*capabilities.free_digests, *capabilities.computed_digests)) or "none"
    precision = capabilities.mtime_precision_ns
    yield "\nhow"
    yield f"  writes that expect something: {_CONDITIONAL[capabilities.conditional]}"
    yield f"  names are compared: {_NAMES[capabilities.name_comparison]}"
    yield f"  modification times: {f'kept to {precision:,} ns' if precision else 'not kept'}"
    yield f"  digests: {digests}"


def _kind(option: Option) -> str:
    """Returns what an option takes: "string, mandatory", "integer, default 22"."""
    kind = option.type.value
    if option.values:
        kind = " | ".join(json.dumps(value, ensure_ascii=False) for value in option.values)
    kind += ", mandatory" if option.mandatory else f", default {json.dumps(option.default, ensure_ascii=False)}"
    if option.secret:
        kind += ", secret"
    if option.per_folder:
        kind += ", per folder"
    return kind + (", restricted" if option.restricted else "")


def _filled(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
