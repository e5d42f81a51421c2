"""Reads a driver that is no installed one: a command that starts it, or the address of one that runs (B3, W2)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from onitu.config import keys
from onitu.config.daemon import MAX_PORT, read_command
from onitu.config.document import Item
from onitu.config.faults import Faults
from onitu.config.keys import refuse_others, split_keys
from onitu.config.parts import flag, members
from onitu.config.values import DriverAddress, DriverCommand, Tls
from onitu.loopback import is_at_loopback

FORMS: Final = "a name, {command: [program, arguments]} or {address: HOST:PORT, tls: {...}}"

UNIX: Final = "unix:"
"""How the address of a socket begins."""

_ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})")


def read_driver(item: Item, directory: Path, faults: Faults) -> DriverCommand | DriverAddress | None:
    """Returns the driver that a map says, or None where it says none.

    Args:
        item: What stands there.
        directory: Where the setup lies.
        faults: Takes what is wrong.
    """
    if not isinstance(item.value, dict):
        faults.add(item.place, f"'driver' is {FORMS}, not a list")
        return None
    own, others = split_keys(item.value, keys.DRIVER, faults)
    refuse_others(others, keys.DRIVER, faults)
    if "command" in own:
        for key in own.keys() - {"command"}:
            faults.add(own[key].key_place, f"'{key}' is for a driver that runs already, and 'command' starts one")
        return DriverCommand(argv=read_command(own["command"], directory, faults))
    if "address" in own:
        return _read_address(own, directory, faults)
    if not others:
        faults.add(item.place, f"'driver' is {FORMS}")
    return None


def _read_address(own: dict[str, Item], directory: Path, faults: Faults) -> DriverAddress | None:
    item = own["address"]
    tls = _read_tls(own["tls"], directory, faults) if "tls" in own else None
    insecure = flag(own.get("insecure"), "'insecure'", faults)
    address = item.text if isinstance(item.value, str) else ""
    if address.removeprefix(UNIX) and address.startswith(UNIX):
        for key in own.keys() & {"tls", "insecure"}:
            faults.add(own[key].key_place, f"'{key}' is for HOST:PORT: a socket is this machine's own")
        path = directory / Path(address.removeprefix(UNIX)).expanduser()
        return DriverAddress(address=f"{UNIX}{path}")
    if not is_address(address):
        faults.add(item.place, f"'address' must be HOST:PORT or unix:PATH, not {item.shown}")
        return None
    if "tls" in own:
        if insecure:
            faults.add(own["insecure"].key_place, "'insecure' and 'tls': it is one or the other")
            return None
    elif insecure is None and "insecure" in own and own["insecure"].value is not None:
        return None  # What stands there was said to be neither true nor false.
    elif not insecure:
        faults.add(
            item.place,
            "a driver is dialled with 'tls: {ca, certificate, key}', which `onitu certs` makes; on this machine alone "
            "'insecure: true' does without",
        )
    elif not is_at_loopback(address):
        faults.add(
            own["insecure"].key_place,
            f"'insecure' is for 127.0.0.1, [::1] and localhost alone: on the way to {address} others could read "
            "everything; give it 'tls: {ca, certificate, key}', which `onitu certs` makes",
        )
    return DriverAddress(address=address, tls=tls)


def is_address(text: str) -> bool:
    """Returns whether a text is `HOST:PORT`."""
    found = _ADDRESS.fullmatch(text)
    return found is not None and 0 < int(found["port"]) <= MAX_PORT


def _read_tls(item: Item, directory: Path, faults: Faults) -> Tls | None:
    """Reads what proves who the two ends are. Relative paths count from the setup."""
    own, others = split_keys(members(item, "'tls'", faults), keys.TLS, faults)
    refuse_others(others, keys.TLS, faults)
    files: dict[str, Path] = {}
    for key in ("ca", "certificate", "key"):
        if key not in own:
            if isinstance(item.value, dict) or item.value is None:
                faults.add(item.place, f"'tls' lacks '{key}', a file that `onitu certs` makes")
        elif not isinstance(own[key].value, str) or not own[key].text:
            faults.add(own[key].place, f"'{key}' must be the name of a file, not {own[key].shown}")
        else:
            files[key] = directory / Path(own[key].text).expanduser()
    name = own.get("name")
    if name is not None and (not isinstance(name.value, str) or not name.text):
        faults.add(name.place, f"'name' must be the name in the driver's certificate, not {name.shown}")
        name = None
    if len(files) < len(("ca", "certificate", "key")):
        return None
    return Tls(**files, name=None if name is None else name.text)
