"""Reads one service of a setup, with the folders it takes part in (CONTRACT B3-B7, B11, B14)."""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Mapping
from pathlib import Path

from onitu.config import keys
from onitu.config.daemon import read_reference
from onitu.config.document import Item
from onitu.config.driver import read_driver
from onitu.config.faults import Faults, nearest
from onitu.config.keys import refuse_others, split_keys
from onitu.config.levels import Level, most_specific, read_level
from onitu.config.limits import read_bandwidth, read_changes_timer, read_chunk_size, read_schedule, read_velocity
from onitu.config.parts import members, size
from onitu.config.secret import Given, Reference
from onitu.config.values import DriverAddress, DriverCommand, FolderOptions, MappingSetup, ServiceSetup

#: In the place of an option whose fault has been noted, so that it does not count as missing too.
_UNREADABLE = Reference("", "")


class ServiceReader:
    """Reads one service.

    Args:
        name: Its name.
        folders: The folders of the setup.
        services: Names of all services.
        faults: Takes what is wrong.
        directory: Where the setup lies.
        declared: Names of folders that are declared, but not well.
    """

    def __init__(
        self,
        name: str,
        folders: Mapping[str, FolderOptions],
        services: Collection[str],
        faults: Faults,
        *,
        directory: Path,
        declared: Collection[str] = (),
    ) -> None:
        self._directory = directory
        self._declared = declared
        self._name = name
        self._folders = folders
        self._services = services
        self._faults = faults

    def read(self, item: Item) -> ServiceSetup:
        """Returns the service."""
        what = f"service '{self._name}'"
        own, others = split_keys(members(item, what, self._faults), keys.SERVICE, self._faults)
        level = read_level(own, what, self._services, self._faults)
        return ServiceSetup(
            name=self._name,
            driver=self._read_driver(own.get("driver") or self._misspelt_driver(others), item),
            options=self._read_options(own.get("options"), others),
            folders=self._read_mappings(own.get("folders"), level),
            velocity=read_velocity(own.get("velocity"), self._faults),
            chunk_size=read_chunk_size(own.get("chunk-size"), self._faults),
            changes_timer=read_changes_timer(own.get("changes-timer"), self._faults),
            bandwidth=read_bandwidth(own.get("bandwidth"), self._faults),
            schedule=read_schedule(own.get("schedule"), self._faults),
            min_free=size(own.get("min-free"), "'min-free'", self._faults),
        )

    def read_entry(self, item: Item, folder: str) -> ServiceSetup:
        """Returns the service that an entry of Onitu 0.1 is (B15).

        Args:
            item: The entry.
            folder: The one folder of such a setup; it lies at the entry's root.
        """
        own, others = split_keys(members(item, f"entry '{self._name}'", self._faults), keys.ENTRY, self._faults)
        misplaced = {name: item for name, item in others.items() if not nearest(name, keys.ENTRY.known)}
        refuse_others({name: item for name, item in others.items() if name not in misplaced}, keys.ENTRY, self._faults)
        for name, other in misplaced.items():
            self._faults.add(other.key_place, f"'{name}' belongs under 'options': an entry has only 'driver' beside it")
        return ServiceSetup(
            name=self._name,
            driver=self._read_driver(own.get("driver"), item),
            options=self._read_options(own.get("options"), misplaced),
            folders={folder: MappingSetup(folder=folder, path=".")},
        )

    def _misspelt_driver(self, others: dict[str, Item]) -> Item | None:
        """Takes out what was probably meant as the driver, and says so: without a driver it is nobody's option."""
        for name in others:
            hint = nearest(name, ["driver"])
            if hint:
                item = others.pop(name)
                self._faults.add(item.key_place, f"unknown key '{name}' in service '{self._name}'{hint}")
                return item
        return None

    def _read_driver(self, item: Item | None, service: Item) -> str | DriverCommand | DriverAddress:
        if item is None or item.value in (None, ""):
            if not service.value or isinstance(service.value, dict):  # Else it has been said that it is no map.
                self._faults.add(service.key_place, f"'{self._name}' has no 'driver'")
            return ""
        if isinstance(item.value, dict | list):
            return read_driver(item, self._directory, self._faults) or ""
        return item.text

    def _read_options(self, nested: Item | None, beside: Mapping[str, Item]) -> dict[str, Given]:
        """Joins the driver options beside `driver` with those under `options` (B3)."""
        items = dict(beside)
        for name, item in members(nested, "'options'", self._faults).items():
            if name in items:
                line = items[name].key_place.line
                self._faults.add(
                    item.key_place, f"option '{name}' stands here and beside 'driver' (line {line}); once is enough"
                )
            items[name] = item
        return {name: self._read_option(name, item) for name, item in items.items()}

    def _read_option(self, name: str, item: Item) -> Given:
        reference = read_reference(item, f"option '{name}'", self._faults)
        if reference is not None:
            return reference
        if not item.is_readable:
            return _UNREADABLE
        if not isinstance(item.value, (dict, list)):
            return item.value
        hint = nearest(name.replace("_", "-"), sorted(keys.SERVICE.reserved))
        text = f"option '{name}' must be a number, a text, true or false, not {item.shown}{hint}"
        self._faults.add(item.place, text)
        return _UNREADABLE

    def _read_mappings(self, item: Item | None, service: Level) -> dict[str, MappingSetup]:
        mappings: dict[str, MappingSetup] = {}
        items = members(item, f"'folders' of service '{self._name}'", self._faults)
        for folder, child in items.items():
            options = self._folders.get(folder)
            if options is None:
                if folder not in self._declared:  # Else its declaration is faulty, which is enough.
                    hint = nearest(folder, self._folders)
                    self._faults.add(child.key_place, f"folder '{folder}' is not declared under 'folders'{hint}")
                continue
            before = len(self._faults.found)
            mappings[folder] = self._read_mapping(options, child, service)
            if len(self._faults.found) == before:
                self._refuse_overlap(mappings, folder, child)
        return mappings

    def _read_mapping(self, folder: FolderOptions, item: Item, service: Level) -> MappingSetup:
        what = f"folder '{folder.name}' of service '{self._name}'"
        # A text alone is the path (B5).
        short = not isinstance(item.value, (dict, list)) and item.value is not None
        given = {"path": item} if short else members(item, what, self._faults)
        own, others = split_keys(given, keys.MAPPING, self._faults)
        level = read_level(own, what, self._services, self._faults)
        modes = [folder.mode, *(one.mode for one in (service, level) if one.mode is not None)]
        mode = functools.reduce(operator.and_, modes)
        if not mode and all(modes):
            self._faults.warn(item.key_place, f"{what}: the modes leave nothing that Onitu may do there")
        return MappingSetup(
            folder=folder.name,
            path=self._read_path(own.get("path"), folder.name),
            mode=mode,
            filters=tuple(one for one in (folder.filter, service.filter, level.filter) if not one.is_empty),
            options={name: self._read_option(name, child) for name, child in others.items()},
            **most_specific(folder, service, level),
        )

    def _read_path(self, item: Item | None, default: str) -> str:
        """Reads the place below the service's root (B5), tidied: no empty, "." or trailing parts."""
        if item is None or item.value is None:
            return default
        if isinstance(item.value, (dict, list)) or not item.text:
            self._faults.add(item.place, f"'path' must be a text ('.' is the service's root), not {item.shown}")
            return default
        parts = [part for part in item.text.split("/") if part not in ("", ".")]
        if item.text.startswith("/"):
            problem = "must be relative to the service's root: write it without the first '/'"
        elif ".." in parts or "\0" in item.text:
            problem = "must not leave the service's root: no '..', no NUL"
        elif parts and parts[0] == ".onitu":
            problem = "must not lie in '.onitu', where Onitu keeps its own files"
        else:
            return "/".join(parts) or "."
        self._faults.add(item.place, f"'path' {problem} ('{item.text}')")
        return default

    def _refuse_overlap(self, mappings: Mapping[str, MappingSetup], folder: str, item: Item) -> None:
        """Refuses a mapping that shares files with an earlier one: they would feed each other (B14)."""
        new = mappings[folder]
        for other in mappings.values():
            if other is not new and new.mode and other.mode and _overlap(new.path, other.path):
                self._faults.add(
                    item.key_place,
                    f"folder '{folder}' (path '{new.path}') overlaps with folder '{other.folder}' (path '{other.path}')"
                    f" on service '{self._name}': they would feed each other",
                )


def _overlap(one: str, other: str) -> bool:
    return one == other or "." in (one, other) or one.startswith(f"{other}/") or other.startswith(f"{one}/")
