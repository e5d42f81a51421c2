"""A remote of rclone, and people who work where its files lie."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

from onitu import conformance
from onitu.conformance.backstage import OnThisHost
from onitu.conformance.target import Behind, read_quirks
from tests.functional.harness import Onitu
from tests.functional.servers.rclone import encrypted, networked, plain
from tests.functional.servers.webdav import wsgidav
from tests.functional.targets.on_disk import OnDisk
from tests.functional.targets.served import UnhurriedVisitor
from tests.functional.targets.target import Ability

ENTRIES = 300
"""In the large directory of the kit."""

QUIRKS = Path(__file__).parents[3] / "drivers" / "rclone" / "quirks"


class Rclone(OnDisk):
    """A service of the driver `rclone`: a directory of this host."""

    #: The options that it was given.
    given: dict[str, str]

    driver = "rclone"
    reaction: ClassVar[float] = 30.0
    unable: ClassVar = {
        Ability.EXECUTABLE: "rclone tells of no executable bits",
        Ability.CORRUPT: "what rclone sends is what lies on the disk",
        Ability.RENAME: "a directory of this host has no ids for rclone, so a rename looks like another file",
    }

    def __init__(self, onitu: Onitu, name: str, **block: object) -> None:
        self._files = onitu.directory / f"{name}-remote"
        self._files.mkdir()
        self.given = plain(self._files)
        super().__init__(onitu, name, **{"changes_timer": 0.25, **block})

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        return _target("local", plain(place), behind=lambda folder: OnThisHost(str(place / folder)))

    def options(self) -> dict[str, object]:
        return {**self.given}

    @property
    def root(self) -> Path:
        return self._files


def networked_target() -> conformance.Target:
    """Returns the target of the conformance kit for a remote behind a network."""
    served = wsgidav()
    place = f"kit-{uuid.uuid4().hex}"
    (served.files / place).mkdir()
    behind = served.files / place
    # rclone shows no ETags, and the server the second of the last change.
    return _target("wsgidav", networked(place), behind=lambda folder: UnhurriedVisitor(served, behind / folder))


def encrypted_target() -> conformance.Target:
    """Returns the target of the conformance kit for files that only rclone can read: it works behind its own back."""
    return _target("crypt", encrypted())


def _target(quirks: str, options: dict[str, str], behind: Behind | None = None) -> conformance.Target:
    return conformance.Target(
        name="rclone",
        command=conformance.Target.installed("rclone").command,
        options=options,
        quirks=read_quirks(QUIRKS / f"{quirks}.toml"),
        behind=behind,
        entries=ENTRIES,
    )


TARGET = Rclone
