"""The names a setup may use: where each may stand, and which are not there yet.

A name that is known but not implemented is refused with that reason: a filter that is silently left out would copy
what its author wanted left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from onitu.config.document import Item
from onitu.config.faults import Faults, nearest

_LATER = "is not part of this version of Onitu yet; take it out to go on without it"


@attrs.frozen(kw_only=True)
class Keys:
    """The names of one kind of map.

    Attributes:
        what: What such a map is called in messages.
        known: The names that are read.
        refused: The names that are Onitu's but cannot be used here, with the reason. Those among them that are also
            `known` are read all the same, so that what is wrong with their values is said as well.
    """

    what: str
    known: frozenset[str]
    refused: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def reserved(self) -> frozenset[str]:
        """All names that mean something to Onitu here."""
        return self.known | self.refused.keys()


#: Folder options that may stand at every level (B6).
_FILTERS = frozenset({"type", "min-size", "max-size", "blacklist", "whitelist"})
_LEVEL = _FILTERS | {"mode", "symlinks", "conflict", "adopt", "max-delete", "keep", "atomic"}
_DEFAULT_IGNORES_ELSEWHERE = {"default-ignores": "belongs to the folder itself, or to the top of the setup"}
_LIMITS_LATER = {"min-free": _LATER}

TOP = Keys(
    what="a setup",
    known=frozenset(
        {"name", "data-dir", "folders", "services", "rules", "default-ignores", "entries", "api", "notify", "verify"}
    ),
)
FOLDER = Keys(what="a folder", known=_LEVEL | {"default-ignores"})
SERVICE = Keys(
    what="a service",
    known=_LEVEL
    | {"driver", "options", "folders", "velocity", "chunk-size", "changes-timer", "bandwidth", "schedule", "min-free"},
    refused={**_DEFAULT_IGNORES_ELSEWHERE, **_LIMITS_LATER},
)
MAPPING = Keys(
    what="a folder of a service",
    known=_LEVEL | {"path"},
    refused=_DEFAULT_IGNORES_ELSEWHERE,
)
DRIVER = Keys(what="a driver", known=frozenset({"command", "address", "tls", "insecure"}))
TLS = Keys(what="'tls'", known=frozenset({"ca", "certificate", "key", "name"}))
CONFLICT = Keys(what="'conflict'", known=frozenset({"prefer"}))
MAX_DELETE = Keys(what="'max-delete'", known=frozenset({"percent", "files"}))
KEEP = Keys(what="'keep'", known=frozenset({"days", "size"}))
BANDWIDTH = Keys(what="'bandwidth'", known=frozenset({"up", "down"}))
ENTRY = Keys(
    what="an entry",
    known=frozenset({"driver", "options"}),
    refused={"folders": "belongs to 'services': a setup with 'entries' (Onitu 0.1) has no folders"},
)
API = Keys(what="'api'", known=frozenset({"host", "port", "token"}))
VERIFY = Keys(what="'verify'", known=frozenset({"days", "rate"}))
NOTIFICATION = Keys(what="a notification ({command: [...]} or {url: ...})", known=frozenset({"command", "url"}))
SECRET = Keys(what="a secret", known=frozenset({"env", "file"}))
RULE = Keys(what="a rule", known=frozenset({"match", "sync", "ban"}))
MATCH = Keys(what="'match'", known=frozenset({"path", "mime", "size", "extension"}))
SIZE = Keys(what="'size'", known=frozenset({"min", "max"}))

#: Every kind of map.
ALL = (
    *(TOP, FOLDER, SERVICE, MAPPING, DRIVER, TLS, CONFLICT, MAX_DELETE, KEEP, BANDWIDTH),
    *(ENTRY, API, VERIFY, NOTIFICATION, SECRET, RULE, MATCH, SIZE),
)


def split_keys(members: Mapping[str, Item], keys: Keys, faults: Faults) -> tuple[dict[str, Item], dict[str, Item]]:
    """Parts Onitu's own names from the others. Refused names become faults, and are left out.

    Args:
        members: A map of the file.
        keys: What may stand in it.
        faults: Takes the refused names, and names written both with "-" and with "_".

    Returns:
        The known members by their names with "-", and the others as they were written.
    """
    own: dict[str, Item] = {}
    others: dict[str, Item] = {}
    for written, item in members.items():
        name = written.replace("_", "-")
        if name in keys.refused:
            faults.add(item.key_place, f"'{written}' {keys.refused[name]}")
        if name not in keys.reserved:
            others[written] = item
        elif name in own:
            faults.add(item.key_place, f"'{written}' stands here twice, first in line {own[name].key_place.line}")
        elif name in keys.known:
            own[name] = item
    return own, others


def refuse_others(others: Mapping[str, Item], keys: Keys, faults: Faults) -> None:
    """Makes a fault of every name that nobody knows."""
    for written, item in others.items():
        hint = nearest(written.replace("_", "-"), sorted(keys.reserved))
        faults.add(item.key_place, f"unknown key '{written}' in {keys.what}{hint}")
