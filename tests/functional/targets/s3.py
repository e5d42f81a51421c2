"""A bucket, and people who use it with other programs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from onitu_s3.bucket import Bucket
from onitu_s3.entries import head_of
from onitu_s3.signing import encode_path

from onitu import conformance
from onitu.conformance.target import read_quirks
from onitu.plug import NotFound
from tests.functional.harness import Onitu
from tests.functional.servers.program import Server
from tests.functional.servers.s3 import Store, seaweed
from tests.functional.targets.target import MEBIBYTE, Ability, Target
from tests.functional.trees import Entry, digest_of

ENTRIES = 1_200
"""In the large directory of the kit: two pages of a listing."""

BUSY = b"HTTP/1.1 503 Slow Down\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

QUIRKS = Path(__file__).parents[3] / "drivers" / "s3" / "quirks"


class S3(Target):
    """A service of the driver `s3`: a prefix of its own in the bucket of a store."""

    driver = "s3"
    large = 24 * MEBIBYTE
    reaction: ClassVar[float] = 30.0
    unable: ClassVar = {
        Ability.RENAME: "a bucket knows no renames: people copy and delete",
        Ability.CORRUPT: "the store compares what comes with its SHA-256",
    }

    def __init__(self, onitu: Onitu, name: str, **block: object) -> None:
        self._store = self.store()
        self._prefix = f"{uuid.uuid4().hex}/"
        self._visitor = Visitor(self._store, self._prefix)
        onitu.closing.callback(self._store.proxy.open_again)
        super().__init__(onitu, name, **{"changes_timer": 0.25, **block})

    @property
    def server(self) -> Server:
        """The store's process."""
        return self._store.server

    @classmethod
    def store(cls) -> Store:
        """Returns the store, which all tests share."""
        return seaweed()

    @classmethod
    def conformance(cls, place: Path) -> conformance.Target:
        del place
        return target_at(seaweed(), "seaweedfs")

    def options(self) -> dict[str, object]:
        return {**self._store.options(), "prefix": self._prefix}

    def write(self, path: str, content: bytes) -> None:
        self._visitor.write(path, content)

    def append(self, path: str, content: bytes) -> None:
        # Nothing is appended to in a bucket: a longer content comes in its place.
        self.write(path, self._visitor.read(path) + content)

    def make_directory(self, path: str) -> None:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            self._visitor.make_directory("/".join(parts[:depth]))

    def move(self, path: str, destination: str) -> None:
        self._visitor.move(path, destination)

    def delete(self, path: str) -> None:
        self._visitor.delete(path)

    def make_executable(self, path: str) -> None:
        self._visitor.make_executable(path)

    def tree(self) -> dict[str, Entry]:
        return self._visitor.tree()

    def below(self, place: str) -> dict[str, Entry]:
        return self._visitor.tree(f"{place}/")

    def break_down(self) -> None:
        self._store.proxy.cut()

    def mend(self) -> None:
        self._store.proxy.open_again()


class Visitor(conformance.Backstage):
    """People who work below a prefix, by another way than the driver's.

    Args:
        store: The store.
        prefix: Where; it ends in "/".
    """

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = prefix

    def write(self, path: str, content: bytes) -> None:
        # Twice if need be: the store may have been started anew since the last request on this connection.
        self._bucket.ask("PUT", self._prefix + path, body=content, repeat=True)

    def read(self, path: str) -> bytes:
        """Returns the content of a file."""
        return self._bucket.ask("GET", self._prefix + path).data

    def make_directory(self, path: str) -> None:
        self._bucket.ask("PUT", f"{self._prefix}{path}/")

    def move(self, path: str, destination: str) -> None:
        for name in self._keys(path):
            new = destination + name[len(path) :]
            if name.endswith("/"):
                self._bucket.ask("PUT", self._prefix + new)
                continue
            source = encode_path(f"/{self._bucket.name}/{self._prefix}{name}")
            self._bucket.ask("PUT", self._prefix + new, headers={"x-amz-copy-source": source})
        self.delete(path)

    def delete(self, path: str) -> None:
        keys = self._keys(path)
        # SeaweedFS lists a directory for minutes after the last object below it has gone, unless it is deleted itself.
        directories = [] if keys == [path] else [f"{path}/", *self._directories(f"{path}/")]
        for name in (*reversed(keys), *reversed(directories)):
            self._bucket.ask("DELETE", self._prefix + name)

    def make_executable(self, path: str) -> None:
        """Lets a file be executed."""
        content, head = self.read(path), head_of(self._bucket.ask("HEAD", self._prefix + path).headers, md5=False)
        headers = {**head.headers, "x-amz-meta-onitu-executable": "1"}
        # With the same bytes its ETag would be the same one, and nobody would be told.
        self._bucket.ask("PUT", self._prefix + path, headers=headers, body=content + b"\n")

    def tree(self, within: str = "") -> dict[str, Entry]:
        """Looks at everything there, by path relative to a directory, whose name ends in "/"; all of it is ""."""
        found: dict[str, Entry] = {}
        start = len(self._prefix) + len(within)
        for key in list(self._bucket.list_all(self._prefix + within)):
            name = key[start:]
            if not name or name.startswith(".onitu/"):
                continue
            for above in _above(name):
                found[above] = Entry("directory")
            if name.endswith("/"):
                continue
            try:
                answer = self._bucket.ask("GET", key)
            except NotFound:
                continue
            state = head_of(answer.headers, md5=False).state
            executable, mtime_ns = getattr(state, "executable", None), getattr(state, "mtime_ns", None)
            found[name] = Entry("file", digest_of(answer.data), executable=executable is True, mtime_ns=mtime_ns or 0)
        directories = (name[len(within) : -1] for name in self._directories(within))
        return dict.fromkeys(directories, Entry("directory")) | found

    def limit_rate(self, path: str) -> None:
        del path
        self._store.proxy.answer_once(BUSY)

    def break_down(self) -> None:
        self._store.proxy.cut()

    def mend(self) -> None:
        self._store.proxy.open_again()

    @property
    def _bucket(self) -> Bucket:
        return self._store.bucket

    def _directories(self, above: str) -> Iterator[str]:
        """Yields the directories that the store lists below one; all of them end in "/"."""
        after = None
        while True:
            page = self._bucket.list_page(self._prefix + above, after=after)
            for below in page.prefixes:
                name = below[len(self._prefix) :]
                if name != ".onitu/":
                    yield name
                    yield from self._directories(name)
            if page.next is None:
                return
            after = page.next

    def _keys(self, path: str) -> list[str]:
        keys = list(self._bucket.list_all(f"{self._prefix}{path}/"))
        names = [key[len(self._prefix) :] for key in keys]
        try:
            self._bucket.ask("HEAD", self._prefix + path)
        except NotFound:
            return names
        return [path, *names]


class UnmarkedVisitor(Visitor):
    """People at a store where a directory is there with what is in it: its mark would be a file in its way."""

    def make_directory(self, path: str) -> None:
        del path


def _above(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def target_at(store: Store, quirks: str, visitor: type[Visitor] = Visitor) -> conformance.Target:
    """Returns the target of the conformance kit for the driver at a store.

    Args:
        store: The store.
        quirks: Name of the file with what is known not to be kept there.
        visitor: Who else works there.
    """
    prefix = f"kit-{uuid.uuid4().hex}"
    return conformance.Target(
        name="s3",
        command=conformance.Target.installed("s3").command,
        options={**store.options(), "prefix": prefix},
        quirks=read_quirks(QUIRKS / f"{quirks}.toml"),
        behind=lambda folder: visitor(store, f"{prefix}/{folder}/"),
        entries=ENTRIES,
    )


TARGET = S3
