"""Rules as the text that a person writes, YAML or JSON, with places in it; and back (CONTRACT B16, C1)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs
import yaml

from onitu.config.document import Item, item_of, parse_document, written
from onitu.config.faults import Fault, Faults, SetupError
from onitu.config.rules import RulesReader
from onitu.config.values import Setup


@attrs.frozen
class Written:
    """Rules that were read from a text.

    Attributes:
        rules: The rules, as values.
        warnings: What is usable but probably not meant.
    """

    rules: Sequence[object]
    warnings: tuple[Fault, ...]


def read_rules(text: str, name: str, setup: Setup) -> Written:
    """Returns the rules of a text: a list, or a map with nothing but `rules`.

    Args:
        text: YAML, of which JSON is a part.
        name: What the text is called in messages.
        setup: What they are rules for.

    Raises:
        SetupError: It has faults. All are in it, each with its line.
    """
    faults = Faults()
    item = _parsed(text, name, faults)
    if item is not None and isinstance(item.value, dict) and item.value.keys() == {"rules"}:
        item = item.value["rules"]
    if item is not None and not faults.found:
        if isinstance(item.value, list) or item.value is None:
            folders = None if setup.is_entries else setup.folders
            RulesReader(setup.services, folders, faults).read(item)
        else:
            faults.add(item.place, f"rules are a list, not {item.shown}: each begins with '- '")
    if item is None or faults.found:
        raise SetupError(faults.found)
    rules = written(item)
    return Written(rules if isinstance(rules, list) else [], tuple(faults.warnings))


def rules_text(rules: Sequence[object]) -> str:
    """Returns rules as YAML; "" where there are none."""
    return yaml.safe_dump(list(rules), allow_unicode=True, sort_keys=False, default_flow_style=None) if rules else ""


def _parsed(text: str, name: str, faults: Faults) -> Item | None:
    """Reads a text; JSON that is no YAML, as with tabs in it, has no lines."""
    tried = Faults()
    item = parse_document(text, name, tried)
    if tried.found:
        try:
            return item_of(json.loads(text), name)
        except (ValueError, RecursionError):
            faults.found += tried.found
    return item
