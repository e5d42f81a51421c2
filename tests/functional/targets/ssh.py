"""A directory of a server, which is this host, and the people who work there."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import Any, ClassVar

import pytest

from onitu import conformance
from tests.functional.harness import STAGING, Onitu
from tests.functional.sshd import Sshd, missing
from tests.functional.targets.local_storage import LocalStorage
from tests.functional.targets.target import Ability
from tests.functional.targets.unhurried import Unhurried
from tests.functional.trees import snapshot


class Ssh(LocalStorage):
    """A service of the driver `ssh`: its users work on the server."""

    driver = "ssh"
    unable: ClassVar = {
        Ability.CORRUPT: "what the server gives is what is there",
        Ability.RENAME: "the protocol tells of no inodes, so a rename looks like a deletion and a new file",
    }
    reaction = LocalStorage.reaction + 2

    def __init__(self, onitu: Onitu, name: str, **block: Any) -> None:  # noqa: ANN401 - a piece of YAML.
        _require_sshd()
        self._server = Sshd(onitu.directory / f"{name}-sshd", onitu.directory / f"{name}-there")
        onitu.closing.callback(self._server.stop)
        super().__init__(onitu, name, **{"changes_timer": 1, **block})

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        _require_sshd()
        server = Sshd(place / "sshd", place / "there")
        atexit.register(server.stop)
        return conformance_target(server)

    def options(self) -> dict[str, object]:
        return {**self._server.options()}

    @property
    def server(self) -> Sshd:
        """The server."""
        return self._server

    @property
    def root(self) -> Path:
        return self._server.root

    def staged(self) -> list[str]:
        return [path for path in snapshot(self.root, hidden=True) if STAGING in path]


def _require_sshd() -> None:
    reason = missing("shell")
    if reason is not None:
        pytest.skip(reason)


def conformance_target(server: Sshd) -> conformance.Target:
    """Returns a server as the conformance kit takes it."""
    return conformance.Target.installed(
        "ssh", options=server.options(), behind=lambda folder: Unhurried(str(server.root / folder))
    )


TARGET = Ssh
