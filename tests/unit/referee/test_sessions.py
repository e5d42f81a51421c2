"""What is remembered of uploads that may be taken up again, and when nobody wants them any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.core.model import Kind
from onitu.core.node import Action, Base, Intent, Node, Phase, Place, ServiceState, Version
from onitu.errors import DriverError, NotFound, Unavailable, Unsupported
from onitu.referee import sessions
from onitu.referee.failures import Failures
from onitu.store import Store
from onitu.transfer.resume import Session

KEY = ("nas", "docs")
PLACE = Place(1, "large.bin")


def version(number: int, *, bytes_of: int = 0) -> Version:
    """Returns a version of a file."""
    return Version(
        number=number, kind=Kind.FILE, size=3, mtime_ns=None, origin="a", revision=f"r{number}", bytes_of=bytes_of
    )


def node(state: ServiceState | None = None, *, bytes_of: int = 0, deleted: bool = False) -> Node:
    """Returns a file whose head is its second version."""
    versions = {1: version(1), 2: version(2, bytes_of=bytes_of)}
    services = {"nas": state} if state is not None else {}
    return Node(id=7, folder="docs", place=PLACE, head=2, deleted=deleted, versions=versions, services=services, last=2)


def test_uploads_are_remembered_by_service_folder_and_node(tmp_path: Path) -> None:
    """F4: each is found again after a restart, until it is forgotten; those of others are not seen."""
    store = Store(tmp_path)
    store.write(lambda transaction: sessions.keep(transaction, KEY, 7, Session("s1", 2, 100)))
    store.write(lambda transaction: sessions.keep(transaction, ("nas", "docs2"), 8, Session("s2", 1)))
    store.close()
    store = Store(tmp_path)

    assert store.read(lambda transaction: sessions.find(transaction, KEY, 7)) == Session("s1", 2, 100)
    assert store.read(lambda transaction: list(sessions.left(transaction, KEY))) == [(7, Session("s1", 2, 100))]
    store.write(lambda transaction: sessions.keep(transaction, KEY, 7, None))
    assert store.read(lambda transaction: list(sessions.left(transaction, KEY))) == []
    store.close()


OLD, NEW = Base(1, PLACE, "n1"), Base(2, PLACE, "n2")
SENT = Intent(action=Action.WRITE, phase=Phase.SENT, place=PLACE, version=2, expected=None)


@pytest.mark.parametrize(
    ("found", "content", "expected"),
    [
        (node(), 2, True),
        (node(ServiceState(base=OLD)), 2, True),
        (node(ServiceState(base=OLD, intent=SENT)), 2, True),
        (node(ServiceState(base=NEW)), 2, False),
        (node(ServiceState(base=OLD)), 1, False),
        (node(ServiceState(base=OLD), deleted=True), 2, False),
        (node(bytes_of=1), 1, True),
        (None, 2, False),
    ],
    ids=["new", "older there", "under way", "there", "older one", "deleted", "other attributes", "forgotten"],
)
def test_an_upload_is_wanted_while_its_bytes_are_missing(found: Node | None, content: int, *, expected: bool) -> None:
    """D "abort_upload": what is there already, or has become old, is not gone on with."""
    assert sessions.is_wanted(found, "nas", content) is expected


@pytest.mark.parametrize(
    ("error", "hopeless"), [(Unavailable("away"), False), (NotFound("no directory"), False), (Unsupported("no"), True)]
)
async def test_what_is_looked_at_again_is_tried_again(error: DriverError, *, hopeless: bool) -> None:
    """DESIGN §4: a directory that is gone is observed, and what was to lie in it is tried again; the rest is not."""
    assert Failures().note("nas", 7, "large.bin", error).hopeless is hopeless


async def test_a_failure_lasts_while_its_next_attempt_travels() -> None:
    """F3: a large file that is tried again is not told as if it had never failed."""
    failures = Failures()
    failure = failures.note("nas", 7, "large.bin", Unavailable("away"))
    failures.expire({("nas", 7): failure}, {("nas", 7)})
    assert failures.get("nas", 7) is failure
    failures.expire({("nas", 7): failure}, set())
    assert failures.get("nas", 7) is None
