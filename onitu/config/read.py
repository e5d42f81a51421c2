"""From the items of a file to a `Setup`: everything CONTRACT B1-B17 says of names, places and values.

Every reader takes an item and gives a usable value back, noting on the way what is wrong, so that all faults of a file
come out together. This file knows no driver: whether an option exists is asked of its manifest, in `drivers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from onitu.config import entries, keys
from onitu.config.daemon import read_api, read_notify, read_verify
from onitu.config.document import Item
from onitu.config.faults import Faults, Place, nearest
from onitu.config.keys import refuse_others, split_keys
from onitu.config.levels import read_level
from onitu.config.parts import flag, members, texts
from onitu.config.rules import RulesReader
from onitu.config.services import ServiceReader
from onitu.config.values import FolderOptions, Keys, ServiceSetup, Setup
from onitu.core.capability import Mode

#: Longest name of a folder or service: it becomes a file name, and part of one.
MAX_NAME_BYTES = 100


def read_setup(top: Item, path: Path, faults: Faults) -> Setup:
    """Reads a whole file.

    Args:
        top: Its top item.
        path: The file, absolute.
        faults: Takes everything that is wrong. If there is anything, the result is not to be used.
    """
    own, others = split_keys(members(top, "a setup", faults), keys.TOP, faults)
    refuse_others(others, keys.TOP, faults)
    old = own.get("entries")
    # Something that is no map, or a misspelt name, is one fault and not two.
    excused = not isinstance(top.value, dict | None) or any(nearest(key, ["name"]) for key in others)
    default = path.stem if old is not None or excused else ""
    folders, services = (
        _read_services(own, path.parent, faults) if old is None else _read_entries(own, old, path.parent, faults)
    )
    rules = RulesReader(services, None if old is not None else folders, faults).read(own.get("rules"))
    return Setup(
        path=path,
        name=_read_setup_name(own.get("name"), top, faults, default=default),
        folders=folders,
        services=services,
        rules=rules if old is None else entries.read_rules(rules, old, faults),
        is_entries=old is not None,
        data_dir=_read_data_dir(own.get("data-dir"), path, faults),
        api=read_api(own.get("api"), faults),
        notify=read_notify(own.get("notify"), path.parent, faults),
        verify=read_verify(own.get("verify"), faults),
        warnings=tuple(sorted(faults.warnings)),
        places=dict(_places(top, ())),
        top=top,
    )


def _read_services(
    own: Mapping[str, Item], directory: Path, faults: Faults
) -> tuple[dict[str, FolderOptions], dict[str, ServiceSetup]]:
    """Reads `folders` and `services`."""
    folder_items = members(own.get("folders"), "'folders'", faults)
    service_items = members(own.get("services"), "'services'", faults)
    ignore_defaults = flag(own.get("default-ignores"), "'default-ignores'", faults)
    folders = {
        name: _read_folder(name, item, service_items, ignore_defaults=ignore_defaults is not False, faults=faults)
        for name, item in folder_items.items()
        if _name_is_good(name, item, "folder", faults)
    }
    declared = [*folder_items, *(text for text, _ in texts(own.get("folders"), "", Faults()))]
    services = {
        name: ServiceReader(name, folders, service_items, faults, directory=directory, declared=declared).read(item)
        for name, item in service_items.items()
        if _name_is_good(name, item, "service", faults)
    }
    _warn_of_idle_folders(folders, services, folder_items, faults)
    _warn_of_idle_services(services, service_items, faults)
    return folders, services


def _read_entries(
    own: Mapping[str, Item], item: Item, directory: Path, faults: Faults
) -> tuple[dict[str, FolderOptions], dict[str, ServiceSetup]]:
    """Reads `entries`, the services of a setup of Onitu 0.1 (B15)."""
    entries.refuse_mixture(own, faults)
    good = {
        name: child
        for name, child in members(item, "'entries'", faults).items()
        if _name_is_good(name, child, "service", faults)
    }
    return {entries.FOLDER: FolderOptions(name=entries.FOLDER)}, entries.read_entries(good, directory, faults)


def _read_setup_name(item: Item | None, top: Item, faults: Faults, *, default: str) -> str:
    if item is None or item.value is None:
        if not default:
            faults.add(top.place, "'name' is missing: a setup needs a name")
        return default
    if isinstance(item.value, (dict, list)) or not item.text.strip() or not item.text.isprintable():
        faults.add(item.place, f"'name' must be a printable text, not {item.shown}")
    return item.text.strip()


def _read_data_dir(item: Item | None, path: Path, faults: Faults) -> Path | None:
    """Reads where the metadata is kept. A relative place lies beside the file, so that both can move together."""
    if item is None or item.value is None:
        return None
    if isinstance(item.value, (dict, list)) or not item.text:
        faults.add(item.place, f"'data-dir' must be the path of a directory, not {item.shown}")
        return None
    return path.parent / Path(item.text).expanduser()


def _name_is_good(name: str, item: Item, what: str, faults: Faults) -> bool:
    """Whether a folder or service may be called so: its name becomes a path, and part of file names."""
    if not name.strip() or not name.isprintable():
        problem = "must be a printable text"
    elif "/" in name or name in (".", "..", ".onitu"):
        problem = "must not be '.', '..' or '.onitu', nor hold a '/'"
    elif len(name.encode()) > MAX_NAME_BYTES:
        problem = f"is longer than {MAX_NAME_BYTES} bytes"
    else:
        return True
    faults.add(item.key_place, f"the name of a {what} {problem}: {name!r}")
    return False


def _read_folder(
    name: str, item: Item, services: Mapping[str, Item], *, ignore_defaults: bool, faults: Faults
) -> FolderOptions:
    own, others = split_keys(members(item, f"folder '{name}'", faults), keys.FOLDER, faults)
    refuse_others(others, keys.FOLDER, faults)
    level = read_level(own, f"folder '{name}'", services, faults)
    ignored = flag(own.get("default-ignores"), "'default-ignores'", faults)
    return FolderOptions(
        name=name,
        mode=Mode.READ_WRITE if level.mode is None else level.mode,
        filter=level.filter,
        ignore_defaults=ignore_defaults if ignored is None else ignored,
        **level.said,
    )


def _warn_of_idle_folders(
    folders: Mapping[str, FolderOptions],
    services: Mapping[str, ServiceSetup],
    items: Mapping[str, Item],
    faults: Faults,
) -> None:
    for name in folders:
        mapped = [service for service in services.values() if name in service.folders and service.folders[name].mode]
        if len(mapped) < 2:  # noqa: PLR2004 - syncing takes two.
            where = "on one service only" if mapped else "on no service"
            faults.warn(items[name].key_place, f"folder '{name}' is {where}: there is nothing to sync it with")


def _warn_of_idle_services(services: Mapping[str, ServiceSetup], items: Mapping[str, Item], faults: Faults) -> None:
    for name, service in services.items():
        if not service.folders:
            faults.warn(items[name].key_place, f"service '{name}' takes part in no folder")


def _places(item: Item, above: Keys) -> Iterator[tuple[Keys, Place]]:
    """Yields where every member stands."""
    if isinstance(item.value, dict):
        for name, child in item.value.items():
            yield (*above, name), child.key_place
            yield from _places(child, (*above, name))
