"""The setup of Onitu 0.1: entries and rules (CONTRACT B15)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from onitu.config import FolderOptions, MappingSetup, ServiceSetup, Setup, load_setup
from onitu.core.capability import Mode
from onitu.core.rules import Match, Rule, Rules

Load = Callable[[str], Setup]
FaultsOf = Callable[[str], list[str]]

OLD = {
    "name": "example",
    "entries": {
        "A": {"driver": "local_storage", "options": {"root": "example/A"}},
        "B": {"driver": "local_storage", "options": {"root": "example/B"}},
    },
    "rules": [
        {"match": {"path": "/"}, "sync": ["A"]},
        {"match": {"path": "/backedup/", "mime": ["application/pdf"]}, "sync": ["B"]},
    ],
}


def test_entries(load: Load) -> None:
    """B15: one folder `default`, at the root of every entry, routed by the rules; B3: the drivers' options."""
    setup = load(json.dumps(OLD))

    assert (setup.name, setup.is_entries) == ("example", True)
    assert setup.folders == {"default": FolderOptions(name="default")}
    assert setup.services == {
        name: ServiceSetup(
            name=name,
            driver="local_storage",
            options={"root": f"example/{name}"},
            folders={"default": MappingSetup(folder="default", path=".", mode=Mode.READ_WRITE)},
        )
        for name in "AB"
    }
    assert setup.rules == Rules(
        rules=(
            Rule(match=Match(), sync=frozenset({"A"})),
            Rule(match=Match(path="/backedup", types=("application/pdf",)), sync=frozenset({"B"})),
        )
    )
    assert setup.warnings == ()
    assert setup.place("entries", "A", "options", "root").line == 1


@pytest.mark.parametrize("ending", ["json", "yaml", "conf"])
def test_name_may_be_missing(tmp_path: Path, ending: str) -> None:
    """B15: a file with `entries` is of this kind whatever its ending, and without a name it has that of the file."""
    path = tmp_path / f"my files.{ending}"
    path.write_text(json.dumps({key: value for key, value in OLD.items() if key != "name"}))

    assert load_setup(path).name == "my files"


@pytest.mark.parametrize("rules", ["", "rules: []", "rules: "])
def test_without_rules_nothing_moves(load: Load, rules: str) -> None:
    """B15: rules alone route; none route nothing, which is said."""
    setup = load(f"name: x\nentries: {{a: {{driver: m}}}}\n{rules}\n")

    assert setup.rules == Rules()
    assert ["nothing is synced without them" in warning.text for warning in setup.warnings] == [True]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("folders: {a: }", "2:1: 'folders' does not go with 'entries' (line 1), which is the setup of Onitu 0.1"),
        ("services: ", "2:1: 'services' does not go with 'entries' (line 1)"),
        ("default-ignores: false", "2:1: 'default-ignores' does not go with 'entries' (line 1)"),
        ("rules: [{sync: [c]}]", "2:17: 'sync' names 'c', which is no service"),
        ("rules: [{match: {path: x}, sync: a}]", "2:24: 'path' must begin with a '/', as /<path> does, not 'x'"),
    ],
)
def test_faults_beside_entries(faults_of: FaultsOf, text: str, fault: str) -> None:
    """B15: both kinds in one file are an error."""
    (found,) = faults_of(f"entries: {{a: {{driver: m}}}}\n{text}\n")

    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("{}", "'a' has no 'driver'"),
        ("{driver: m, root: x}", "'root' belongs under 'options': an entry has only 'driver' beside it"),
        ("{driver: m, option: {}}", "unknown key 'option' in an entry; did you mean 'options'?"),
        ("{driver: m, folders: {a: }}", "'folders' belongs to 'services': a setup with 'entries' (Onitu 0.1) has no"),
        ("{driver: m, options: [x]}", "'options' must be a map, not a list"),
        ("x", "entry 'a' must be a map, not 'x'"),
    ],
)
def test_faults_of_an_entry(faults_of: FaultsOf, entry: str, fault: str) -> None:
    """B15, B16: what is wrong with an entry is said with its place."""
    found = faults_of(f"entries:\n  a: {entry}\nrules: [{{sync: a}}]\n")

    assert found[0].startswith("2:")
    assert fault in found[0]


def test_name_of_an_entry(faults_of: FaultsOf) -> None:
    """B1: an entry's name is good for a file name."""
    (found,) = faults_of("entries: {a/b: {driver: m}}\nrules: [{}]\n")

    assert found.startswith("1:11: the name of a service must not be")
