"""Reads the setup of Onitu 0.1: entries and rules (CONTRACT B15).

It becomes one folder `default`, mapped on every entry at its root, and is routed by the rules alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onitu.config.document import Item
from onitu.config.faults import Faults
from onitu.config.services import ServiceReader
from onitu.config.values import FolderOptions, ServiceSetup
from onitu.core.rules import Rules

#: The one folder of such a setup.
FOLDER = "default"

#: What belongs to the other kind of setup.
_OTHERS = ("folders", "services", "default-ignores")


def refuse_mixture(own: Mapping[str, Item], faults: Faults) -> None:
    """Makes a fault of the keys that do not go with `entries`.

    Args:
        own: The members of the setup.
        faults: Takes what is wrong.
    """
    line = own["entries"].key_place.line
    here = [key for key in _OTHERS if key in own]
    if here:
        does = "does" if len(here) == 1 else "do"
        names = " and ".join(f"'{key}'" for key in here)
        text = f"{names} {does} not go with 'entries' (line {line}), which is the setup of Onitu 0.1: use one kind"
        faults.add(own[here[0]].key_place, text)


def read_entries(items: Mapping[str, Item], directory: Path, faults: Faults) -> dict[str, ServiceSetup]:
    """Returns the entries as services.

    Args:
        items: The members of `entries`, with names that are good.
        directory: Where the setup lies.
        faults: Takes what is wrong.
    """
    folders = {FOLDER: FolderOptions(name=FOLDER)}
    return {
        name: ServiceReader(name, folders, items, faults, directory=directory).read_entry(item, FOLDER)
        for name, item in items.items()
    }


def read_rules(rules: Rules | None, entries: Item, faults: Faults) -> Rules:
    """Returns the rules of such a setup: where there are none, nothing goes anywhere, which is said.

    Args:
        rules: What was read.
        entries: Where to say it.
        faults: Takes the warning.
    """
    if rules is None:
        faults.warn(entries.key_place, "there are no 'rules': in a setup with 'entries' nothing is synced without them")
    return rules or Rules()
