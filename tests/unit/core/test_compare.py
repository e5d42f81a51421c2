"""Whether two contents are the same, as far as can be known without reading them."""

from __future__ import annotations

import pytest

from onitu.core.compare import Equality, same_attributes, same_bytes
from onitu.core.model import Kind, Present
from onitu.core.node import Version
from tests.unit.core.desk import DIRECTORY, file


def version(entry: Present, *, origin: str = "A") -> Version:
    """Returns what a service showed, as a version."""
    return Version(
        number=1,
        kind=entry.kind,
        size=entry.size,
        mtime_ns=None,
        origin=origin,
        revision=entry.revision,
        digests=entry.digests,
        executable=entry.executable,
        target=entry.target,
    )


LINK = Present(kind=Kind.SYMLINK, revision="l", target="there")
RACY = Present(kind=Kind.FILE, revision="x", size=1, racy=True)

CASES = [
    ("equal digests", file("x", "1"), version(file("x", "2")), Equality.SAME),
    ("other digests", file("x", "1"), version(file("y", "2")), Equality.DIFFERENT),
    ("other sizes need no digest", file("x", digest=False), version(file("xx")), Equality.DIFFERENT),
    ("no digest in common", file("x", "1", digest=False), version(file("x", "2")), Equality.UNKNOWN),
    ("its own revision", file("x", "1", digest=False), version(file("x", "1"), origin="B"), Equality.SAME),
    ("the same revision elsewhere", file("x", "1", digest=False), version(file("x", "1")), Equality.UNKNOWN),
    ("its own revision, racy", RACY, version(file("x"), origin="B"), Equality.UNKNOWN),
    ("directories", DIRECTORY, version(DIRECTORY), Equality.SAME),
    ("another kind", DIRECTORY, version(file("x")), Equality.DIFFERENT),
    ("the same target", LINK, version(LINK), Equality.SAME),
    (
        "another target",
        LINK,
        version(Present(kind=Kind.SYMLINK, revision="l", target="elsewhere")),
        Equality.DIFFERENT,
    ),
]


@pytest.mark.parametrize(("name", "entry", "held", "expected"), CASES, ids=[case[0] for case in CASES])
def test_same_bytes(name: str, entry: Present, held: Version, expected: Equality) -> None:
    """Unknown is an answer of its own, and never taken for either of the others."""
    assert name
    assert expected is same_bytes(entry, "B", held)


@pytest.mark.parametrize(
    ("shown", "held", "expected"),
    [(True, True, True), (True, False, False), (None, True, True), (False, None, True), (None, None, True)],
)
def test_what_one_side_cannot_tell_equals_anything(shown: bool | None, held: bool | None, expected: bool) -> None:
    """An executable bit that a service does not have is never a difference."""
    assert expected is same_attributes(file("x", executable=shown), version(file("x", executable=held)))
