"""Google Drive, as the fake of it, and people who work there in a browser."""

from __future__ import annotations

import atexit
import functools
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import attrs
from onitu_google_drive.items import time_ns

from onitu import conformance
from onitu.conformance.target import read_quirks
from tests.functional.harness import Onitu
from tests.functional.servers.google_drive.content import FOLDER, Content, File
from tests.functional.servers.google_drive.faults import Fault, rate_limited
from tests.functional.servers.google_drive.oauth import CLIENT, SECRET
from tests.functional.servers.google_drive.server import FakeDrive, serving
from tests.functional.servers.program import HOST
from tests.functional.servers.proxy import Proxy
from tests.functional.targets.target import MEBIBYTE, Ability, Target
from tests.functional.trees import Entry, digest_of

ENTRIES = 1_200
"""In the large directory of the kit: two pages of a listing."""

QUIRKS = Path(__file__).parents[3] / "drivers" / "google_drive" / "quirks"


@attrs.frozen
class Served:
    """A fake, and the way to it.

    Attributes:
        drive: The fake.
        proxy: The way to it.
    """

    drive: FakeDrive
    proxy: Proxy

    def options(self) -> dict[str, str]:
        """Returns the options of a service there, for who has signed in."""
        return {
            "api_url": f"http://{HOST}:{self.proxy.port}",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "refresh_token": self.drive.accounts.sign_in(),
        }


@functools.cache
def served() -> Served:
    """Serves a fake, once for all tests of this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    drive = stack.enter_context(serving())
    return Served(drive, Proxy(drive.port))


class GoogleDrive(Target):
    """A service of the driver `google_drive`: a folder of its own in My Drive."""

    driver = "google_drive"
    large = 24 * MEBIBYTE
    reaction: ClassVar[float] = 30.0
    unable: ClassVar = {
        Ability.EXECUTABLE: "Drive knows no executable bits",
        Ability.CORRUPT: "what Drive sends is compared with its MD5 before anybody else sees it",
    }

    def __init__(self, onitu: Onitu, name: str, *, at: Served | None = None, **block: object) -> None:
        self._served = at or served()
        self._place = uuid.uuid4().hex
        self.visitor = Visitor(self._served, self._place)
        self.visitor.make_directory("")
        onitu.closing.callback(self._served.proxy.open_again)
        super().__init__(onitu, name, **{"changes_timer": 0.25, **block})

    @property
    def drive(self) -> FakeDrive:
        """The fake."""
        return self._served.drive

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        del place
        root = f"kit-{uuid.uuid4().hex}"
        return conformance.Target(
            name="google_drive",
            command=conformance.Target.installed("google_drive").command,
            options={**served().options(), "root": root},
            quirks=read_quirks(QUIRKS / "fake.toml"),
            behind=lambda folder: Visitor(served(), f"{root}/{folder}"),
            entries=ENTRIES,
        )

    def options(self) -> dict[str, object]:
        return {**self._served.options(), "root": self._place}

    def write(self, path: str, content: bytes) -> None:
        self.visitor.make_above(path)
        self.visitor.write(path, content)

    def append(self, path: str, content: bytes) -> None:
        # Nothing is appended to in Drive: a longer content comes in its place.
        self.write(path, self.visitor.read(path) + content)

    def make_directory(self, path: str) -> None:
        self.visitor.make_above(f"{path}/x")

    def move(self, path: str, destination: str) -> None:
        self.visitor.make_above(destination)
        self.visitor.move(path, destination)

    def delete(self, path: str) -> None:
        self.visitor.delete(path)

    def tree(self) -> dict[str, Entry]:
        return self.visitor.tree()

    def break_down(self) -> None:
        self._served.proxy.cut()

    def mend(self) -> None:
        self._served.proxy.open_again()


class Visitor(conformance.Backstage):
    """People who work in a folder of Drive, at the fake itself.

    Args:
        served: The fake.
        place: Path of the folder in My Drive.
    """

    def __init__(self, served: Served, place: str) -> None:
        self._served = served
        self._place = place

    @property
    def content(self) -> Content:
        """What lies in the fake."""
        return self._served.drive.content

    def find(self, path: str) -> File | None:
        """Returns what is at a path; of several with one name the oldest."""
        file: File | None = self.content.files[self.content.root]
        for name in f"{self._place}/{path}".strip("/").split("/"):
            if file is None:
                return None
            found = [one for one in self.content.children(file.id) if one.name == name and not one.trashed]
            file = min(found, key=lambda one: (one.created, one.id)) if found else None
        return file

    def get(self, path: str) -> File:
        """Returns what is at a path, which is there."""
        file = self.find(path)
        assert file is not None, path
        return file

    def write(self, path: str, content: bytes) -> None:
        with self.content.mutex:
            file = self.find(path)
            if file is not None:
                self.content.write(file, content)
                return
            above, _, name = path.rpartition("/")
            self.content.create(name, parent=self.get(above).id, content=content)

    def read(self, path: str) -> bytes:
        """Returns the content of a file."""
        return self.get(path).revisions[-1].content

    def make_directory(self, path: str) -> None:
        with self.content.mutex:
            if not path and "/" not in self._place:
                self.content.create(self._place, mime=FOLDER)
                return
            above, _, name = path.rpartition("/")
            self.content.create(name, parent=self.get(above).id, mime=FOLDER)

    def make_above(self, path: str) -> None:
        """Makes the directories above a path."""
        with self.content.mutex:
            parts = path.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                above = "/".join(parts[:depth])
                if self.find(above) is None:
                    self.make_directory(above)

    def move(self, path: str, destination: str) -> None:
        with self.content.mutex:
            file = self.get(path)
            above, _, name = destination.rpartition("/")
            there = self.find(destination)
            if there is not None:
                self.content.trash(there)
            file.name = name
            self.content.move(file, self.get(above).id)

    def delete(self, path: str) -> None:
        with self.content.mutex:
            self.content.trash(self.get(path))

    def tree(self) -> dict[str, Entry]:
        """Looks at everything that lies in the folder."""
        with self.content.mutex:
            return dict(self._below(self.get(""), ""))

    def _below(self, folder: File, prefix: str) -> list[tuple[str, Entry]]:
        found = []
        for file in self.content.children(folder.id):
            if file.trashed:
                continue
            path = prefix + file.name
            if file.mime == FOLDER:
                found.append((path, Entry("directory")))
                found += self._below(file, f"{path}/")
            elif file.revisions:
                found.append(
                    (path, Entry("file", digest_of(file.revisions[-1].content), mtime_ns=time_ns(file.modified) or 0))
                )
        return found

    def limit_rate(self, path: str) -> None:
        del path
        self._served.drive.faults.plan(Fault("", refusal=rate_limited("60")))

    def break_down(self) -> None:
        self._served.proxy.cut()

    def mend(self) -> None:
        self._served.proxy.open_again()


TARGET = GoogleDrive
