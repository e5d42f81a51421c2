"""What was changed through the API, over what the file says: kept in the data directory, applied at each start.

The file's own words stay readable: what is put over it is joined with it item by item, and the whole is read as any
setup is. Rules that were put hold until the file has other rules (CONTRACT C6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import attrs
import msgspec

from onitu.config.document import Item, item_of
from onitu.config.faults import Faults, SetupError
from onitu.config.read import read_setup
from onitu.config.rules import RulesReader
from onitu.config.words import rules_words, service_words
from onitu.store.beside import read_beside

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.store import Transaction

#: Where it is kept.
_STORED, _ACTIVE, _OF_FILE = "api-rules stored", "api-rules active", "api-rules of the file"
_BLOCKS = {"services": "api-services ", "folders": "api-folders "}

#: A service or a folder as it would stand in a file; None where there is to be none.
Block: TypeAlias = Mapping[str, object] | None


@attrs.frozen(kw_only=True)
class Overlay:
    """What was put over the file.

    Attributes:
        stored: The rules that were last put; None where there are none.
        active: Those of them that are in force; None where the file's are.
        of_file: The file's rules that they were put over, as JSON; None before anything was known of them.
        services: Services that were put or taken away, by name.
        folders: Folders that were put or taken away, by name.
    """

    stored: Sequence[object] | None = None
    active: Sequence[object] | None = None
    of_file: bytes | None = None
    services: Mapping[str, Block] = attrs.field(factory=dict)
    folders: Mapping[str, Block] = attrs.field(factory=dict)

    def over(self, file: Setup) -> Overlay:
        """Returns what of it holds over a file: where that has other rules than before, they win."""
        of_file = msgspec.json.encode(rules_of(file))
        if self.of_file == of_file:
            return self
        return attrs.evolve(self, of_file=of_file, stored=None, active=None)

    def apply(self, file: Setup) -> Setup:
        """Returns the setup that holds.

        Raises:
            SetupError: What was put does not go with the file any more.
        """
        top = self.joined(file)
        if top is file.top or top is None:
            return file
        faults = Faults()
        setup = read_setup(top, file.path, faults)
        if faults.found:
            raise SetupError(faults.found)
        return setup

    def joined(self, file: Setup) -> Item | None:
        """Returns the items of the file with what was put over them."""
        top = file.top
        if top is None or not (self.services or self.folders or self.active is not None):
            return top
        members = _members(top)
        if self.active is not None:
            members["rules"] = item_of(self.active, "rules put by the API")
        for kind, blocks in (("folders", self.folders), ("services", self.services)):
            if blocks:
                item = members.get(kind, item_of({}, kind))
                members[kind] = attrs.evolve(item, value=_laid_over(_members(item), blocks, kind))
        gone = {name for name, block in self.folders.items() if block is None}
        if gone and "services" in members:
            services = members["services"]
            kept = {name: _without_folders(service, gone) for name, service in _members(services).items()}
            members["services"] = attrs.evolve(services, value=kept)
        return attrs.evolve(top, value=members)

    def keep(self, transaction: Transaction) -> None:
        """Keeps it."""
        for name, rules in ((_STORED, self.stored), (_ACTIVE, self.active)):
            transaction.set_meta(name, msgspec.json.encode(rules) if rules is not None else None)
        transaction.set_meta(_OF_FILE, self.of_file)
        for kind, blocks in (("services", self.services), ("folders", self.folders)):
            for name, block in blocks.items():
                transaction.set_meta(f"{_BLOCKS[kind]}{name}", msgspec.json.encode(block))


def read_overlay(transaction: Transaction) -> Overlay:
    """Returns what is kept."""
    stored, active = (transaction.meta(name) for name in (_STORED, _ACTIVE))
    return Overlay(
        stored=msgspec.json.decode(stored) if stored is not None else None,
        active=msgspec.json.decode(active) if active is not None else None,
        of_file=transaction.meta(_OF_FILE),
        **{
            kind: {name: msgspec.json.decode(raw) for name, raw in transaction.metas(prefix)}
            for kind, prefix in _BLOCKS.items()
        },
    )


def forget(transaction: Transaction) -> None:
    """Forgets everything that was put over a file."""
    for prefix in (_STORED, _ACTIVE, _OF_FILE, *_BLOCKS.values()):
        for name, _ in list(transaction.metas(prefix)):
            transaction.set_meta(prefix + name, None)


def rules_of(file: Setup) -> list[object]:
    """Returns the rules as they stand in a file."""
    item = _member(file.top, "rules")
    rules = rules_words(item) if item is not None else None
    return rules if isinstance(rules, list) else []


def service_of(top: Item | None, name: str) -> object:
    """Returns what is said of a service, as plain values; None where nothing is."""
    members = _member(top, "services")
    item = _members(members).get(name) if members is not None else None
    return service_words(item) if item is not None else None


def check_rules(setup: Setup, rules: Sequence[object]) -> None:
    """Makes sure that rules can be put in force.

    Raises:
        SetupError: They cannot. All faults are in it.
    """
    faults = Faults()
    folders = None if setup.is_entries else setup.folders
    RulesReader(setup.services, folders, faults).read(item_of(rules, "rules"))
    if faults.found:
        raise SetupError(faults.found)


def _member(top: Item | None, name: str) -> Item | None:
    return _members(top).get(name) if top is not None else None


def _members(item: Item) -> dict[str, Item]:
    """Returns the members of a map, to be changed."""
    return dict(item.value) if isinstance(item.value, dict) else {}


def _laid_over(members: dict[str, Item], blocks: Mapping[str, Block], kind: str) -> dict[str, Item]:
    """Returns members with blocks in their places, and without those that are to go."""
    for name, block in blocks.items():
        if block is None:
            members.pop(name, None)
        else:
            members[name] = item_of(block, f"{kind}.{name} put by the API")
    return members


def _without_folders(service: Item, gone: AbstractSet[str]) -> Item:
    """Returns a service that takes part in some folders no more."""
    members = _members(service)
    folders = members.get("folders")
    if folders is None or gone.isdisjoint(_members(folders)):
        return service
    kept = {name: item for name, item in _members(folders).items() if name not in gone}
    members["folders"] = attrs.evolve(folders, value=kept)
    return attrs.evolve(service, value=members)


def in_force(transaction: Transaction, file: Setup) -> Setup:
    """Returns the setup that holds where a file is read beside the records, as another core would have it.

    Raises:
        SetupError: What was put does not go with the file any more.
    """
    return read_overlay(transaction).over(file).apply(file)


def in_force_beside(directory: Path, file: Setup) -> Setup:
    """Returns the setup that holds, whoever owns the data directory.

    Raises:
        SetupError: What was put does not go with the file any more.
        StoreError: There are no records, or they cannot be read.
    """
    with read_beside(directory) as transaction:
        return in_force(transaction, file)
