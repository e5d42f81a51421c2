"""Contents that services know by algorithms of their own are compared all the same."""

from __future__ import annotations

import attrs
import msgspec
from blake3 import blake3

from onitu.core.model import Present
from onitu.core.tree import NeedDigest
from tests.unit.core.desk import Desk, file


def desk(**free: tuple[str, ...]) -> Desk:
    """Returns a disk that computes two algorithms, and services that tell some of their own accord."""
    made = Desk("disk", *free)
    members = dict(made.scope.members)
    for name, member in members.items():
        able = msgspec.structs.replace(
            member.capabilities,
            free_digests=free.get(name, ()),
            computed_digests=("blake3", "md5") if name == "disk" else (),
        )
        members[name] = attrs.evolve(member, capabilities=able)
    made.set_members(members)
    return made


def told(content: str, *algorithms: str, revision: str = "") -> Present:
    """Returns a file with its digests by some algorithms."""
    raw = content.encode()
    known = {name: blake3(raw).digest() + name.encode() for name in algorithms}
    return msgspec.structs.replace(file(content, revision, digest=False), digests=known)


def test_the_side_that_is_near_computes_what_the_other_tells() -> None:
    """P3: what a cloud tells by an algorithm of its own is computed on the disk, whoever was seen first."""
    for first, second in (("disk", "cloud"), ("cloud", "disk")):
        for near in (told("x"), told("x", "blake3")):
            seen = {"disk": near, "cloud": told("x", "md5", revision="7")}
            here = desk(cloud=("md5",))
            here.show(first, "f", seen[first])
            here.show(second, "f", seen[second])
            node = here.node("f")
            assert here.effects == [NeedDigest("disk", node.id, "md5")]

            here.show("disk", "f", told("x", "md5", revision=near.revision), fresh=True)

            here.show("cloud", "f", seen["cloud"])
            assert here.node("f").services["cloud"].decided
            assert here.node("f").services["disk"].decided
            assert here.plan("disk").tasks == here.plan("cloud").tasks == []


def test_another_content_is_a_conflict() -> None:
    """P6: digests by the same algorithm tell two contents of one size apart."""
    here = desk(cloud=("md5",))
    here.show("disk", "f", told("x", "blake3"))
    here.show("cloud", "f", told("y", "md5"))
    here.show("disk", "f", told("x", "md5"), fresh=True)

    assert len(here.heads()) == 2


def test_where_nobody_computes_what_the_other_tells_both_are_read() -> None:
    """P3: two clouds with an algorithm each are compared by ours."""
    here = desk(one=("md5",), other=("sha1",))
    here.show("one", "f", told("x", "md5"))
    here.show("other", "f", told("x", "sha1", revision="7"))
    node = here.node("f")
    assert here.effects == [NeedDigest("one", node.id), NeedDigest("other", node.id)]

    here.show("one", "f", told("x", "md5", "blake3"), fresh=True)
    here.show("other", "f", told("x", "sha1", "blake3", revision="7"), fresh=True)

    assert all(here.node("f").services[name].decided for name in ("one", "other"))
    assert len(here.heads()) == 1


def test_what_was_computed_is_kept_beside_what_is_told() -> None:
    """P2: a service that tells its own digest at each look does not make another one forgotten."""
    here = desk(cloud=("md5",))
    here.show("cloud", "f", told("x", "md5", "blake3"))
    here.show("cloud", "f", told("x", "md5"), fresh=True)

    seen = here.node("f").services["cloud"].seen
    assert seen is not None
    assert set(seen.entry.digests) == {"md5", "blake3"}
