"""Options of a driver on real processes: secrets that stand elsewhere, and what is said of a wrong option."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.functional.harness import FOLDER, Setups
from tests.functional.rest import Api

#: A driver that only says whether it was told its secret.
DRIVER = """
from onitu.api import DriverError, Plug

plug = Plug()


def start():
    raise DriverError("the token is right" if plug.options["token"] == "hush" else "the token is wrong")
"""

MANIFEST = {
    "name": "vault",
    "description": "Asks for a secret.",
    "options": {
        "token": {"name": "Token", "description": "The secret.", "type": "string", "secret": True},
        "depth": {"name": "Depth", "description": "How far.", "type": "integer", "default": 1},
    },
}


@pytest.fixture(autouse=True)
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs the driver for the processes that a test starts."""
    package, information = tmp_path / "site/onitu_test_vault", tmp_path / "site/onitu_test_vault-1.dist-info"
    for directory in (package, information):
        directory.mkdir(parents=True)
    (package / "__init__.py").write_text(DRIVER)
    (package / "manifest.json").write_text(json.dumps(MANIFEST))
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: onitu-test-vault\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[onitu.drivers]\nvault = onitu_test_vault\n")
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join(filter(None, (str(tmp_path / "site"), os.environ.get("PYTHONPATH"))))
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"token": {"env": "VAULT_TOKEN"}}, "the token is right"),
        ({"token": {"file": "token.txt"}}, "the token is right"),
        (
            {"token": {"env": "VAULT_NONE"}},
            "Option 'token' has no value: the environment variable VAULT_NONE is not set.",
        ),
        ({"token": {"file": "none.txt"}}, "none.txt cannot be read: No such file or directory."),
        (
            {"token": "x", "depth": {"env": "HOME"}},
            "Option 'depth' is no secret: only a secret may be given as {env: HOME}.",
        ),
        ({"token": "hush", "dept": 1}, "Unknown option 'dept'"),
        ({"token": "hush", "depth": True}, "Option 'depth' should be of type 'integer', got 'bool'."),
        ({"depth": 2}, "Mandatory option 'token' not present in the configuration."),
    ],
)
def test_what_becomes_of_options(
    new_setup: Setups, monkeypatch: pytest.MonkeyPatch, options: dict[str, object], reason: str
) -> None:
    """B12, M4: a secret reaches the driver and no log; a service with a wrong option fails and says why."""
    monkeypatch.setenv("VAULT_TOKEN", "hush")
    onitu = new_setup()
    (onitu.directory / "token.txt").write_text("hush\n")
    onitu.add("vault", driver="vault", folders={FOLDER: {"path": "."}}, **options)
    run = onitu.once("--debug", expect=1)

    failed = run.log.named("service_failed", service="vault")
    assert any(reason in event["reason"] for event in failed)
    assert "hush" not in run.log.path.read_text()


def test_the_api_shows_no_secret(new_setup: Setups) -> None:
    """B12, E3, E4: a secret is not shown, where another one stands is; what is not known may be one."""
    onitu = new_setup("a")
    folders = {FOLDER: {"path": "."}}
    onitu.add("plain", driver="vault", folders=folders, token="hush", depth=2)  # noqa: S106 - the example
    onitu.add("elsewhere", driver="vault", folders=folders, token={"env": "VAULT_TOKEN"})
    onitu.add("unknown", driver="no-such-driver", folders=folders, depth="hush")
    api = Api(onitu.start())

    shown = {service["name"]: service["options"] for service in api.get("/services").body["services"]}

    assert shown["plain"] == {"token": "***", "depth": 2}
    assert shown["elsewhere"] == {"token": {"env": "VAULT_TOKEN"}}
    assert shown["unknown"] == {"depth": "***"}
    assert b"hush" not in b"".join(api.get(f"/{path}").data for path in ("services", "entries", "entries/plain"))
