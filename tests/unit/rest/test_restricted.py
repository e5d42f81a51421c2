"""CONTRACT E16: what only whoever runs Onitu may have a driver do."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from onitu.core.manifest import load_manifest
from onitu.rest.restricted import restricted


def option(**further: object) -> dict[str, object]:
    """Describes an option of a driver."""
    return {"name": "x", "description": "x", "type": "string", "default": None, **further}


OPTIONS = {
    "root": option(),
    "pass_word": option(secret=True),
    "config_file": option(restricted=True, default=""),
    "key": option(restricted=True, per_folder=True),
}
MANIFEST = load_manifest(msgspec.json.encode({"name": "far", "description": "x", "options": OPTIONS}), "far")

BEFORE: dict[str, Any] = {
    "driver": "far",
    "config_file": "mine",
    "options": {"root": "/here", "pass-word": {"file": "pw"}},
    "folders": {"docs": {"key": "k"}},
}
COMMAND: dict[str, Any] = {"driver": {"command": ["far", "-v"]}, "options": {"root": "/here"}, "folders": {}}


def places(block: dict[str, Any], before: dict[str, Any] = BEFORE, *, known: bool = True) -> list[str]:
    """Returns what is not taken."""
    faults = restricted("nas", block, before, MANIFEST if known else None)
    assert all("set api.token" in fault.text and "setup file" in fault.text for fault in faults)
    return [fault.place.file.removeprefix("services.nas put by the API.") for fault in faults]


def test_directories_are_anybodys() -> None:
    """E16, E15: a service is added and changed without a token, as long as nothing of it is restricted."""
    assert (
        places({"driver": "far", "options": {"root": "/there", "pass-word": "typed"}, "folders": {"docs": "."}}, {})
        == []
    )
    assert places({"driver": "far", "options": {"config-file": ""}}, {}) == []
    assert places({**BEFORE, "velocity": 0.5, "folders": {"docs": {"key": "k", "path": "p"}, "more": None}}) == []
    assert places({**BEFORE, "config-file": "mine", "config_file": "mine"}) != []
    assert places({"driver": "none"}, {}, known=False) == []


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ({"driver": "far", "options": {"config-file": "evil"}}, "options.config-file"),
        ({**BEFORE, "config_file": "evil"}, "config_file"),
        ({key: value for key, value in BEFORE.items() if key != "config_file"}, "config_file"),
        ({**BEFORE, "folders": {"docs": {"key": "evil"}}}, "folders.docs.key"),
        ({**BEFORE, "folders": {"more": {"key": "k"}}}, "folders.more.key"),
        ({**BEFORE, "options": {**BEFORE["options"], "pass-word": {"file": "other"}}}, "options.pass-word"),
        ({**BEFORE, "options": {**BEFORE["options"], "root": "/there"}}, "options.pass-word"),
        ({**BEFORE, "driver": "sftp"}, "options.pass-word"),
        ({**BEFORE, "driver": "sftp"}, "config_file"),
        ({**BEFORE, "driver": {"command": ["far"]}}, "driver"),
        ({"driver": {"address": "nas:1", "tls": {"ca": "a", "certificate": "b", "key": "c"}}}, "driver"),
    ],
)
def test_what_anybody_may_not_do(block: dict[str, Any], place: str) -> None:
    """E16: programs, files of this machine and variables are whoever's who runs Onitu."""
    assert place in places(block)


def test_a_driver_that_is_not_known_is_told_nothing_else() -> None:
    """E16: a command stays as it is with its options; which of them are restricted it says when it runs."""
    assert places({**COMMAND, "velocity": 0.5}, COMMAND, known=False) == []
    assert places({**COMMAND, "options": {"root": "***"}}, COMMAND, known=False) == []
    assert places({**COMMAND, "options": {"root": "/there"}}, COMMAND, known=False) == ["options.root"]
    assert places({**COMMAND, "options": {"root": "/there"}}, COMMAND) == []
