"""What was changed through the API, over what the file says: kept in the data directory, applied at each start.

The file's own words stay readable: what is put over it is joined with it item by item, and the whole is read as any
setup is. Rules that were put hold until the file has other rules (CONTRACT C6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import msgspec

from onitu.config.document import Item, item_of, plain
from onitu.config.faults import Faults, SetupError
from onitu.config.read import read_setup
from onitu.config.rules import RulesReader

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.store import Transaction

#: Where it is kept.
_STORED, _ACTIVE, _OF_FILE = "api-rules stored", "api-rules active", "api-rules of the file"


@attrs.frozen(kw_only=True)
class Overlay:
    """What was put over the file.

    Attributes:
        stored: The rules that were last put; None where there are none.
        active: Those of them that are in force; None where the file's are.
        of_file: The file's rules that they were put over, as JSON; None before anything was known of them.
    """

    stored: Sequence[object] | None = None
    active: Sequence[object] | None = None
    of_file: bytes | None = None

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
        if self.active is None or file.top is None:
            return file
        members = dict(file.top.value) if isinstance(file.top.value, dict) else {}
        members["rules"] = item_of(self.active, "rules put by the API")
        faults = Faults()
        setup = read_setup(attrs.evolve(file.top, value=members), file.path, faults)
        if faults.found:
            raise SetupError(faults.found)
        return setup

    def keep(self, transaction: Transaction) -> None:
        """Keeps it."""
        for name, rules in ((_STORED, self.stored), (_ACTIVE, self.active)):
            transaction.set_meta(name, msgspec.json.encode(rules) if rules is not None else None)
        transaction.set_meta(_OF_FILE, self.of_file)


def read_overlay(transaction: Transaction) -> Overlay:
    """Returns what is kept."""
    stored, active = (transaction.meta(name) for name in (_STORED, _ACTIVE))
    return Overlay(
        stored=msgspec.json.decode(stored) if stored is not None else None,
        active=msgspec.json.decode(active) if active is not None else None,
        of_file=transaction.meta(_OF_FILE),
    )


def rules_of(file: Setup) -> list[object]:
    """Returns the rules as they stand in a file."""
    item = _member(file.top, "rules")
    rules = plain(item) if item is not None else None
    return rules if isinstance(rules, list) else []


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
    value = top.value if top is not None else None
    return value.get(name) if isinstance(value, dict) else None
