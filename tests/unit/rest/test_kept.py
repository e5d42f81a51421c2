"""CONTRACT B12, E15: a secret that is kept goes nowhere where it did not go before."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from onitu.config.faults import SetupError
from onitu.core.manifest import load_manifest
from onitu.rest.kept import with_secrets


def option(**further: object) -> dict[str, object]:
    """Describes an option of a driver."""
    return {"name": "x", "description": "x", "type": "string", "default": None, **further}


OPTIONS = {
    "host": option(),
    "ca_file": option(),
    "port": option(type="integer", default=21),
    "pass_word": option(secret=True),
    "token": option(secret=True, per_folder=True),
    "area": option(per_folder=True),
}
MANIFEST = load_manifest(msgspec.json.encode({"name": "far", "description": "x", "options": OPTIONS}), "far")

BEFORE: dict[str, Any] = {
    "driver": "far",
    "host": "nas",
    "options": {"pass-word": "hush", "token": {"env": "T"}},
    "folders": {"docs": {"path": "d", "token": "whist", "area": "eu"}, "pics": None},
}

#: As it is shown, with the options together.
SHOWN: dict[str, Any] = {
    "driver": "far",
    "options": {"host": "nas", "pass-word": "***", "token": {"env": "T"}},
    "folders": {"docs": {"path": "d", "token": "***", "area": "eu"}, "pics": {}},
}


def put(**changes: object) -> dict[str, Any]:
    """Returns what is put with changes, `options` among the others."""
    return {**SHOWN, **changes}


def options(**changes: object) -> dict[str, Any]:
    """Returns what is put with other options."""
    return put(options={**SHOWN["options"], **changes})


def filled(block: dict[str, Any], **known: Any) -> Any:  # noqa: ANN401 - JSON
    """Returns a block with its secrets."""
    return with_secrets("nas", block, BEFORE, known.get("manifest", MANIFEST))


def faults(block: dict[str, Any], **known: Any) -> list[str]:  # noqa: ANN401 - what the function takes
    """Returns what is wrong with a block."""
    with pytest.raises(SetupError) as caught:
        with_secrets("nas", block, BEFORE, known.get("manifest", MANIFEST))
    assert "hush" not in str(caught.value)
    return [str(fault) for fault in caught.value.faults]


def test_secrets_are_filled_in() -> None:
    """E15: each in its place, however it was spelled and wherever it stood."""
    assert filled(SHOWN) == {
        "driver": "far",
        "options": {"host": "nas", "pass-word": "hush", "token": {"env": "T"}},
        "folders": {"docs": {"path": "d", "token": "whist", "area": "eu"}, "pics": {}},
    }
    beside = {"driver": "far", "host": "nas", "pass_word": "***", "token": {"env": "T"}}
    assert filled(beside)["pass_word"] == "hush"  # noqa: S105 - for nobody


@pytest.mark.parametrize(
    "block",
    [
        put(velocity=0.5, schedule=["sat"], mode="r"),
        put(folders={"docs": {**SHOWN["folders"]["docs"], "path": "other", "max-size": 7}, "more": "m"}),
        put(folders={}),
        options(port=21),
        options(token="typed"),  # noqa: S106 - for nobody
        options(host="***"),
    ],
)
def test_what_the_driver_is_told_stays(block: dict[str, Any]) -> None:
    """E15: folders, filters, times and another secret may change; a default that is written out is no change."""
    assert filled(block)["options"]["pass-word"] == "hush"


@pytest.mark.parametrize(
    ("block", "changed"),
    [
        (put(driver="near"), "'driver'"),
        (put(driver={"command": ["far"]}), "'driver'"),
        (options(host="evil"), "'host'"),
        (put(HOST="evil"), "'HOST'"),
        (options(ca_file="/tmp/evil.pem"), "'ca_file'"),  # noqa: S108 - is not opened
        (options(port=22), "'port'"),
        (put(options={"pass-word": "***"}), "'host'"),
        ({**options(), "host": "evil"}, "'host'"),
        (put(folders={"docs": {"area": "evil"}}), "'area'"),
        (put(folders={"more": {"area": "evil"}}), "'area'"),
    ],
)
def test_a_secret_goes_nowhere_else(block: dict[str, Any], changed: str) -> None:
    """B12: with anything else that the driver is told it has to be typed again; the fault stands at its field."""
    hidden = [fault for fault in faults(block) if fault.startswith("services.nas put by the API.options.pass-word: ")]

    assert len(hidden) == 1
    assert "type the secret again" in hidden[0]
    assert changed in hidden[0]


def test_a_secret_of_a_folder_goes_nowhere_else() -> None:
    """B12: it is the service's other options that say where."""
    block = {**options(**{"host": "evil", "pass-word": "typed"})}

    assert [fault.partition(": ")[0] for fault in faults(block)] == ["services.nas put by the API.folders.docs.token"]
    elsewhere = put(folders={"pics": {"token": "***"}})
    assert "none is: type the secret" in faults(elsewhere)[0]


def test_without_a_secret_there_is_nothing_to_keep() -> None:
    """E15: what is typed is taken with any change; what was never there is no secret."""
    typed = options(**{"host": "evil", "pass-word": "typed"}) | {"folders": {}}
    assert filled(typed) == typed
    assert "none is: type the secret" in faults(options(ca_file="***"))[0]


def test_where_nothing_is_known_of_options_all_must_stay() -> None:
    """B12: no option is known to be a secret, so none may change while one is kept."""
    hidden = put(options={**dict.fromkeys(("host", "pass-word"), "***"), "token": {"env": "T"}})

    assert filled(hidden, manifest=None)["options"]["host"] == "nas"
    assert "'host'" in faults(options(host="evil"), manifest=None)[0]


def test_what_only_looks_like_one_is_none() -> None:
    """E15: three stars are a pattern, too."""
    block = put(blacklist="***", folders={"docs": "***"})

    words = filled(block)
    assert (words["blacklist"], words["folders"]) == ("***", {"docs": "***"})
