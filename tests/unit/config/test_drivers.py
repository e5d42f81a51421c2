"""Whether services suit their drivers, asked without starting them (CONTRACT M1-M4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from onitu.certificates import found, issue
from onitu.config import SetupError
from onitu.config import drivers as subject
from onitu.core.manifest import Manifest
from onitu.errors import DriverError
from tests.unit.config.conftest import Load

OPTIONS: dict[str, dict[str, object]] = {
    "host": {"name": "Host", "description": "Which.", "type": "string"},
    "port": {"name": "Port", "description": "Where.", "type": "integer", "default": 22},
    "key": {"name": "Key", "description": "What.", "type": "string", "default": None, "secret": True},
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


@pytest.fixture
def warnings_of(tmp_path: Path) -> Callable[[str, int], list[str]]:
    """Returns what `onitu check` warns of, each as "line:column: what is doubtful"."""

    def check(text: str, mode: int) -> list[str]:
        path = tmp_path / "onitu.yaml"
        path.write_text(dedent(text))
        path.chmod(mode)
        return [str(warning).removeprefix(f"{path}:") for warning in subject.check_setup(path).warnings]

    return check


def _manifest(name: str, *, depth: int | None = None) -> str:
    options = OPTIONS if depth is None else OPTIONS | {"depth": {**OPTIONS["depth"], "default": depth}}
    return json.dumps({"name": name, "description": "Joins.", "options": options})


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


def test_secrets_that_are_not_there(
    install: Install, faults_of: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """B12, B16: a missing variable or file is said, and so is a reference for what is no secret."""
    install("ssh", _manifest("ssh", depth=1))
    monkeypatch.delenv("ONITU_TEST_KEY", raising=False)

    found = faults_of("""\
        name: x
        folders: {one: , two: }
        services:
          a: {driver: ssh, host: {env: HOST}, key: {env: ONITU_TEST_KEY}, folders: {one: , two: }}
          b: {driver: ssh, host: nas, kye: {env: HOME}, folders: {one: {depth: {file: x}}, two: {key: {env: HOME}}}}
        """)

    assert found == [
        "4:20: Option 'host' is no secret: only a secret may be given as {env: HOST}.",
        "4:39: Option 'key' has no value: the environment variable ONITU_TEST_KEY is not set.",
        "5:31: Unknown option 'kye'; did you mean 'key'?",
        "5:65: Option 'depth' is no secret: only a secret may be given as {file: x}.",
        "5:90: Option 'key' belongs to the service: it cannot differ from folder to folder.",
    ]


def test_secrets_that_are_there(
    install: Install, faults_of: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """B12: secrets that are there are fine, in entries of 0.1 as well."""
    install("ssh", _manifest("ssh", depth=1))
    monkeypatch.setenv("ONITU_TEST_KEY", "hush")

    assert not faults_of("""\
        entries: {a: {driver: ssh, options: {host: nas, key: {env: ONITU_TEST_KEY}}}}
        rules: [{sync: a}]
        """)


def test_secrets_in_plain_text(install: Install, warnings_of: Callable[[str, int], list[str]]) -> None:
    """B12: a secret in a file that others may read is a warning, which does not show it."""
    install("ssh", _manifest("ssh", depth=1))
    text = """\
        entries: {a: {driver: ssh, options: {host: nas, key: hush}}, b: {driver: ssh, options: {host: nas, key: }}}
        rules: [{sync: [a, b]}]
        """
    advice = "give it as {env: NAME} or {file: PATH}, or keep the setup to yourself with `chmod go-rwx`"

    assert warnings_of(text, 0o600) == []
    assert warnings_of(text, 0o644) == [
        f"1:49: the secret 'key' stands in a file that others on this machine may read: {advice}"
    ]
    assert [found[:5] for found in warnings_of(f"{dedent(text)}api: {{token: hush}}\n", 0o640)] == [
        "1:49:",
        "3:7: ",
    ]


def test_option_that_was_meant_for_onitu(install: Install, faults_of: Callable[[str], list[str]]) -> None:
    """B1, M4: an unknown option may be a misspelt key of Onitu."""
    install("ssh", _manifest("ssh", depth=1))

    assert faults_of("""\
        name: x
        folders: {one: }
        services: {a: {driver: ssh, host: nas, max-siez: 1, folders: {one: }}}
        """) == ["3:40: Unknown option 'max-siez'; did you mean 'max-size'?"]


def test_certificates_are_looked_at(load: Load, tmp_path: Path) -> None:
    """W2, B16: what is wrong with the files of a dialled driver is a fault at its place; little time is a warning."""
    text = """
        name: x
        folders: {one: }
        services:
          a:
            driver: {address: "nas:4000", tls: {ca: certs/ca.pem, certificate: certs/o.pem, key: certs/o.key}}
            folders: {one: }
        """
    load(text)
    with pytest.raises(SetupError) as caught:
        subject.check_setup(tmp_path / "onitu.yaml")
    assert len(caught.value.faults) == 3

    found(tmp_path / "certs")
    issue(tmp_path / "certs", "o", days=20)
    (warning,) = (one for one in subject.check_setup(tmp_path / "onitu.yaml").warnings if "good for" in one.text)
    assert (warning.place.line, f"{tmp_path}/certs/o.pem: the certificate is good for 19 more days") == (
        6,
        warning.text.partition(";")[0],
    )
