"""Whether services suit their drivers, asked without starting them (CONTRACT M1-M4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from onitu.config import SetupError
from onitu.config import drivers as subject
from onitu.core.manifest import Manifest
from onitu.errors import DriverError

OPTIONS = {
    "host": {"name": "Host", "description": "Which.", "type": "string"},
    "port": {"name": "Port", "description": "Where.", "type": "integer", "default": 22},
    "depth": {"name": "Depth", "description": "How far.", "type": "integer", "per_folder": True},
}

Install = Callable[[str, str | None], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a driver that cannot be imported: finding its manifest must not try."""
    installed: dict[str, EntryPoint] = {}
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(subject, "get_available_drivers", lambda: installed)

    def add(name: str, manifest: str | None) -> None:
        package = tmp_path / f"{name}_driver"
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError\n")
        if manifest is not None:
            (package / "manifest.json").write_text(manifest)
        installed[name] = EntryPoint(name=name, value=package.name, group="onitu.drivers")

    return add


@pytest.fixture
def faults_of(tmp_path: Path) -> Callable[[str], list[str]]:
    """Returns what `onitu check` says of a setup, each as "line:column: what is wrong"."""

    def check(text: str) -> list[str]:
        path = tmp_path / "onitu.yaml"
        path.write_text(dedent(text))
        try:
            subject.check_setup(path)
        except SetupError as error:
            return [str(fault).removeprefix(f"{path}:") for fault in error.faults]
        return []

    return check


def _manifest(name: str) -> str:
    return json.dumps({"name": name, "description": "Joins.", "options": OPTIONS})


def test_installed_drivers(install: Install) -> None:
    """Drivers come sorted, a faulty one with what is wrong, and none is imported."""
    install("ssh", _manifest("ssh"))
    install("bare", None)
    install("broken", "{")

    found = subject.installed_drivers()

    assert list(found) == ["bare", "broken", "ssh"]
    assert isinstance(found["ssh"], Manifest)
    assert isinstance(found["bare"], DriverError)
    assert "its manifest cannot be read" in str(found["bare"])
    assert isinstance(found["broken"], DriverError)
    assert "not valid JSON" in str(found["broken"])


def test_package_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point without its package is a driver that cannot be used."""
    gone = {name: EntryPoint(name=name, value=name, group="onitu.drivers") for name in ("gone_away", "gone.away")}
    monkeypatch.setattr(subject, "get_available_drivers", lambda: gone)

    assert all(isinstance(known, DriverError) for known in subject.installed_drivers().values())


def test_options_that_fit(install: Install, faults_of: Callable[[str], list[str]]) -> None:
    """M3: defaults need not be given; what may differ per folder may stand at each folder instead."""
    install("ssh", _manifest("ssh"))

    assert not faults_of("""\
        name: x
        folders: {one: , two: }
        services:
          a: {driver: ssh, host: nas, depth: 1, folders: {one: {depth: 2}, two: }}
          b: {driver: ssh, options: {host: nas}, folders: {one: {depth: 2}, two: {depth: 3}}}
          c: {driver: {command: [whatever]}, anything: 1, folders: {one: }}
        """)


def test_options_that_do_not_fit(install: Install, faults_of: Callable[[str], list[str]]) -> None:
    """M4, B16: the messages of the contract, with places, together with the faults of the file itself."""
    install("ssh", _manifest("ssh"))

    assert faults_of("""\
        name: x
        folders: {one: {mod: r}}
        services:
          a: {driver: ssh, hots: nas, port: true, depth: 1, folders: {one: }}
          b: {driver: ssh, options: {host: nas, port: x}, folders: {one: {depth: x, port: 1}}}
          c: {driver: shh, folders: {one: }}
        """) == [
        "2:17: unknown key 'mod' in a folder; did you mean 'mode'?",
        "4:3: Mandatory option 'host' not present in the configuration.",
        "4:20: Unknown option 'hots'; did you mean 'host'?",
        "4:31: Option 'port' should be of type 'integer', got 'bool'.",
        "5:41: Option 'port' should be of type 'integer', got 'str'.",
        "5:67: Option 'depth' should be of type 'integer', got 'str'.",
        "5:77: Option 'port' belongs to the service: it cannot differ from folder to folder.",
        "6:7: driver 'shh' is not installed; did you mean 'ssh'? (installed: ssh)",
    ]
