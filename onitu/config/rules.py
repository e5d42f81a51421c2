"""Reads the rules: which files go to which services (CONTRACT C1-C4)."""

from __future__ import annotations

from collections.abc import Collection

from onitu.config import keys
from onitu.config.document import Item
from onitu.config.faults import Faults, nearest
from onitu.config.keys import refuse_others, split_keys
from onitu.config.levels import known_services, read_types
from onitu.config.parts import members, size, texts
from onitu.core.rules import Match, Rule, Rules


class RulesReader:
    """Reads the rules of a setup.

    Args:
        services: Names of all services.
        folders: Names of all folders, with which a path begins; None in a setup of 0.1, where it does not.
        faults: Takes what is wrong.
    """

    def __init__(self, services: Collection[str], folders: Collection[str] | None, faults: Faults) -> None:
        self._services = services
        self._folders = folders
        self._faults = faults

    def read(self, item: Item | None) -> Rules | None:
        """Returns the rules, or None where there are none."""
        if item is None or not item.value:
            return None
        if not isinstance(item.value, list):
            self._faults.add(item.place, f"'rules' must be a list of rules, not {item.shown}")
            return None
        return Rules(rules=tuple(self._read_rule(rule) for rule in item.value))

    def _read_rule(self, item: Item) -> Rule:
        if item.value is None:
            self._faults.add(item.place, "a rule says what it matches, syncs or bans; this one is empty")
        own, others = split_keys(members(item, "a rule", self._faults), keys.RULE, self._faults)
        refuse_others(others, keys.RULE, self._faults)
        sync, ban = (self._read_services(own.get(key), f"'{key}'") for key in ("sync", "ban"))
        if isinstance(item.value, dict) and not others:
            if not sync and not ban:
                self._faults.warn(item.place, "this rule does nothing: it has neither 'sync' nor 'ban'")
            for service in sorted(sync & ban):
                self._faults.warn(item.place, f"this rule adds '{service}' and bans it: it stays banned")
        return Rule(match=self._read_match(own.get("match")), sync=sync, ban=ban)

    def _read_services(self, item: Item | None, what: str) -> frozenset[str]:
        return frozenset(known_services(texts(item, what, self._faults), what, self._services, self._faults))

    def _read_match(self, item: Item | None) -> Match:
        own, others = split_keys(members(item, "'match'", self._faults), keys.MATCH, self._faults)
        refuse_others(others, keys.MATCH, self._faults)
        least, most = self._read_sizes(own.get("size"))
        return Match(
            path=self._read_path(own.get("path")),
            types=read_types(own.get("mime"), "'mime'", self._faults),
            min_size=least,
            max_size=most,
            extensions=self._read_extensions(own.get("extension")),
        )

    def _read_sizes(self, item: Item | None) -> tuple[int | None, int | None]:
        own, others = split_keys(
            members(item, "'size' ({min: SIZE, max: SIZE})", self._faults), keys.SIZE, self._faults
        )
        refuse_others(others, keys.SIZE, self._faults)
        least, most = (size(own.get(key), f"'{key}'", self._faults) for key in ("min", "max"))
        if least is not None and most is not None and least > most:
            text = f"'max' {own['max'].shown} is less than 'min' {own['min'].shown}: no file fits between them"
            self._faults.add(own["max"].place, text)
        return least, most

    def _read_path(self, item: Item | None) -> str:
        """Reads a literal prefix (C2), tidied: "" or "/a/b"."""
        if item is None or item.value is None:
            return ""
        if isinstance(item.value, (dict, list)):
            self._faults.add(item.place, f"'path' must be a text, not {item.shown}")
            return ""
        text = item.text
        parts = text.strip("/").split("/") if text.strip("/") else []
        if not text.startswith("/"):
            whole = "/<folder>/<path>" if self._folders is not None else "/<path>"
            self._faults.add(item.place, f"'path' must begin with a '/', as {whole} does, not '{text}'")
        elif not {"", ".", ".."}.isdisjoint(parts) or "\0" in text:
            self._faults.add(item.place, f"'path' must have no empty, '.' or '..' part ('{text}')")
        elif parts and self._folders is not None and parts[0] not in self._folders:
            hint = nearest(parts[0], self._folders)
            self._faults.warn(item.place, f"'{text}' matches nothing: there is no folder '{parts[0]}'{hint}")
        return "".join(f"/{part}" for part in parts)

    def _read_extensions(self, item: Item | None) -> frozenset[str]:
        found: set[str] = set()
        for text, place in texts(item, "'extension'", self._faults):
            last = text.rpartition(".")[2]
            if not last or "/" in text:
                self._faults.add(place, f"'extension' is what stands behind the last dot of a name, not '{text}'")
            elif last != text:
                self._faults.add(place, f"'extension' is only what stands behind the last dot: '{last}', not '{text}'")
            found.add(last.casefold())
        return frozenset(found)
