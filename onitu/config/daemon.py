"""Reads what the setup says of Onitu itself: its REST API, and whom it tells when it needs a person (B1, B18)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from onitu.config import keys
from onitu.config.document import Item
from onitu.config.faults import Faults
from onitu.config.keys import refuse_others, split_keys
from onitu.config.parts import members, number, size, texts
from onitu.config.secret import Reference
from onitu.config.values import Api, Check, Notification

MAX_PORT = 65535


def read_api(item: Item | None, faults: Faults) -> Api:
    """Reads where the REST API listens, and what it asks for."""
    own, others = split_keys(members(item, "'api'", faults), keys.API, faults)
    refuse_others(others, keys.API, faults)
    return Api(
        host=_read_host(own.get("host"), faults),
        port=_read_port(own.get("port"), faults),
        token=_read_token(own.get("token"), faults),
    )


def _read_host(item: Item | None, faults: Faults) -> str | None:
    if item is None or item.value is None:
        return None
    if isinstance(item.value, str) and item.text and not set(item.text) & set("/ \t"):
        return item.text
    faults.add(item.place, f"'host' must be an address to listen on, such as 127.0.0.1, not {item.shown}")
    return None


def _read_port(item: Item | None, faults: Faults) -> int | None:
    if item is None or item.value is None:
        return None
    if isinstance(item.value, int) and not isinstance(item.value, bool) and 0 < item.value <= MAX_PORT:
        return item.value
    faults.add(item.place, f"'port' must be a number from 1 to {MAX_PORT}, not {item.shown}")
    return None


def _read_token(item: Item | None, faults: Faults) -> str | Reference | None:
    if item is None or item.value is None:
        return None
    reference = read_reference(item, "'token'", faults)
    if reference is not None:
        return reference
    if isinstance(item.value, (dict, list)) or not item.text:
        # What stands there is not shown: it may be a part of the secret.
        faults.add(item.place, "'token' must be a text, {env: NAME} or {file: PATH}")
        return None
    return item.text


def read_reference(item: Item, what: str, faults: Faults) -> Reference | None:
    """Reads `{env: NAME}` or `{file: PATH}` (B12), or returns None where something else stands."""
    if not isinstance(item.value, dict) or not item.value or not item.value.keys() <= keys.SECRET.known:
        return None
    if len(item.value) > 1:
        faults.add(item.place, f"{what} has both 'env' and 'file': one of them is enough")
    ((kind, name), *_) = item.value.items()
    if isinstance(name.value, (dict, list)) or not name.text or "\0" in name.text:
        thing = "a variable of the environment" if kind == "env" else "a file"
        faults.add(name.place, f"'{kind}' must be the name of {thing}, not {name.shown}")
    return Reference(kind, name.text)


def read_command(item: Item, directory: Path, faults: Faults) -> tuple[str, ...]:
    """Reads a program and its arguments. A program with a "/" in it counts from where the setup lies."""
    argv = [text for text, _ in texts(item, "'command'", faults)]
    if not argv or not argv[0]:
        faults.add(item.place, "'command' must name a program")
    elif "/" in argv[0]:
        argv[0] = str(directory / Path(argv[0]).expanduser())
    return tuple(argv)


def read_verify(item: Item | None, faults: Faults) -> Check:
    """Reads how often, and how fast, everything is read again."""
    own, others = split_keys(members(item, "'verify' ({days: 30, rate: 8M})", faults), keys.VERIFY, faults)
    refuse_others(others, keys.VERIFY, faults)
    default = Check()
    days = number(own.get("days"), "'days'", "a number of days, 0 for never", faults)
    rate = size(own.get("rate"), "'rate'", faults)
    if rate == 0:
        faults.add(own["rate"].place, "'rate' must be more than 0; write days: 0 for never")
    return Check(days=default.days if days is None else float(days), rate=rate or default.rate)


def read_notify(item: Item | None, directory: Path, faults: Faults) -> tuple[Notification, ...]:
    """Reads whom Onitu tells that it needs a person (B18)."""
    if item is None or not item.value:
        return ()
    if not isinstance(item.value, list):
        faults.add(item.place, f"'notify' must be a list of {{command: [...]}} or {{url: ...}}, not {item.shown}")
        return ()
    return tuple(_read_notification(one, directory, faults) for one in item.value)


def _read_notification(item: Item, directory: Path, faults: Faults) -> Notification:
    own, others = split_keys(members(item, "a notification", faults), keys.NOTIFICATION, faults)
    refuse_others(others, keys.NOTIFICATION, faults)
    command, url = own.get("command"), own.get("url")
    if isinstance(item.value, dict) and not others and (command is None) == (url is None):
        faults.add(item.place, "a notification is either {command: [program, arguments]} or {url: ...}")
    if url is not None and not _is_url(url):
        faults.add(url.place, "'url' must begin with http:// or https:// and name a host")
    return Notification(
        command=() if command is None else read_command(command, directory, faults),
        url=None if url is None else url.text,
    )


def _is_url(item: Item) -> bool:
    if not isinstance(item.value, str):
        return False
    try:
        parts = urlsplit(item.text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
