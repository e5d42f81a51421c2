"""Symbolic links: what may enter, and what is decided about one."""

from __future__ import annotations

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onitu.core.model import Kind, Present
from onitu.core.paths import link_fault
from onitu.core.task import Obstacle
from onitu.core.tree import Notice
from tests.unit.core.desk import DIRECTORY, Desk, file


def link(target: str, revision: str = "") -> Present:
    """Returns a link; its revision is its target unless another one is given."""
    return Present(kind=Kind.SYMLINK, revision=revision or target, target=target)


def keeping(*services: str, unable: str = "", skipping: str = "") -> Desk:
    """Returns a folder that keeps links, but for a service that cannot and one that is to skip them."""
    desk = Desk(*services)
    for name, member in list(desk.scope.members.items()):
        able = msgspec.structs.replace(member.capabilities, symlinks=name != unable)
        desk.scope.members[name] = attrs.evolve(member, capabilities=able, symlinks=name != skipping)  # type: ignore[index]
    return desk


@pytest.mark.parametrize("target", ["a", "./a", "a//b/", ".", "..", "../c", "../../c", "a/./b", "..."])
def test_targets_inside(target: str) -> None:
    """B11: what stays in the folder may enter, whether it is there or not."""
    assert link_fault("one/two/link", target) is None


@pytest.mark.parametrize(
    "target", ["", "/", "/a", "../../..", "../../../c", "a/..", "../a/../b", "../../.onitu", "../../.onitu/root", "a\0"]
)
def test_targets_refused(target: str) -> None:
    """B11, G16: what is absolute, leads out, may lead out, or leads to what is Onitu's own may not enter."""
    assert link_fault("one/two/link", target) is not None


@given(st.lists(st.sampled_from("ab"), max_size=3), st.lists(st.sampled_from(["..", ".", "", "x", "y"]), min_size=1))
def test_no_admitted_target_leaves(above: list[str], parts: list[str]) -> None:
    """G16: for every target that may enter, each step of the way is inside the folder."""
    target = "/".join(parts)
    if link_fault("/".join([*above, "link"]), target) is not None:
        return
    depth = len(above)
    for part in parts:
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        assert depth >= 0
    assert not target.startswith("/")


def test_a_link_is_written_without_a_source() -> None:
    """B11: a link is made, changed, moved and deleted; its target is on record, so nobody has to be read."""
    desk = keeping("A", "B")
    desk.show("A", "l", link("one"))
    assert desk.bring() == [("B", "WRITE_SYMLINK", "l")]

    desk.show("A", "l", link("two"))
    assert desk.bring() == [("B", "WRITE_SYMLINK", "l")]

    desk.show("A", "m", link("two"), moved_from="l")
    assert desk.bring() == [("B", "MOVE", "l -> m")]

    desk.lose("A", "m")
    assert desk.bring() == [("B", "DELETE", "m")]


def test_another_target_under_the_same_revision_is_an_edit() -> None:
    """P6: a link is known by its target: inodes and times may agree by accident."""
    desk = keeping("A", "B")
    desk.show("A", "l", link("one", "r"))
    desk.bring()
    desk.show("A", "l", link("two", "r"))

    assert desk.node("l").version.target == "two"
    assert desk.bring() == [("B", "WRITE_SYMLINK", "l")]


def test_two_links_in_conflict_are_both_kept() -> None:
    """P1: of two links that want one name one is kept under a conflict name, the same at every replay."""
    desk = keeping("A", "B")
    desk.show("A", "l", link("one"))
    desk.show("B", "l", link("two"))
    desk.bring()

    (copy,) = set(desk.heads()) - {"l"}
    assert "(conflict B " in copy
    assert (desk.node("l").version.target, desk.node(copy).version.target) == ("one", "two")


def test_an_equal_link_is_adopted() -> None:
    """C2: two services that have the same link have nothing to do."""
    desk = keeping("A", "B")
    desk.show("A", "l", link("one", "a"))
    desk.show("B", "l", link("one", "b"))

    assert desk.bring() == []


def test_where_links_are_skipped_they_are_unknown() -> None:
    """B11: a service that skips links neither gets nor loses one, and what it shows is said and left alone."""
    desk = keeping("A", "B", skipping="B")
    desk.show("A", "l", link("one"))
    desk.show("B", "other", link("x"))

    assert desk.bring() == []
    assert set(desk.heads()) == {"l"}
    assert [effect.path for effect in desk.effects if isinstance(effect, Notice)] == ["other"]


def test_a_service_that_cannot_hold_a_link_is_named() -> None:
    """B11: a link that is to be kept and cannot is an obstacle, with its path."""
    desk = keeping("A", "B", unable="B")
    desk.show("A", "l", link("one"))
    plan = desk.plan("B")

    assert plan.tasks == []
    assert list(plan.obstacles.values()) == [Obstacle.NO_SYMLINKS]
    assert list(plan.paths.values()) == ["l"]


def test_a_link_is_not_written_where_it_would_lead_out() -> None:
    """G16: a link that came to another depth with its directory is not made there anew."""
    desk = keeping("A", "B", "C")
    desk.show("A", "d", DIRECTORY)
    desk.show("A", "d/e", DIRECTORY)
    desk.show("A", "d/e/l", link("../../f"))
    desk.bring("A", "B")
    desk.show("A", "e", DIRECTORY, moved_from="d/e")

    plan = desk.plan("C")

    assert list(plan.obstacles.values()) == [Obstacle.LINK_LEADS_OUT]
    assert sorted(task.path for task in plan.tasks) == ["d", "e"]


def test_a_hostile_link_is_neither_absence_nor_edit() -> None:
    """G16: a link that is made to lead out changes nothing anywhere, and neither does its being moved so."""
    desk = keeping("A", "B")
    desk.show("A", "l", link("one"))
    desk.bring()
    desk.show("A", "l", link("/etc/passwd"))

    assert desk.bring() == []
    assert desk.node("l").version.target == "one"
    assert desk.plan("A").tasks == []


def test_file_and_link_take_turns() -> None:
    """F6: a link in the place of a file is another entry: the file goes, and comes back as one of its own."""
    desk = keeping("A", "B")
    desk.have("x", "content")
    desk.show("A", "x", link("one"))
    assert desk.bring() == [("B", "DELETE", "x"), ("B", "WRITE_SYMLINK", "x")]

    desk.show("A", "x", file("again"))
    assert desk.bring() == [("B", "DELETE", "x"), ("B", "WRITE", "x")]
