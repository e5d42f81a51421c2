"""What rclone lists, and what it is to Onitu."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from onitu_rclone.entries import Abilities, Item, present_of, time_ns

from onitu.plug import Kind

ABLE = Abilities()


def _item(**found: object) -> Item:
    given = {"Name": "f", "Size": 3, "ModTime": "2001-09-09T01:46:40Z", "IsDir": False, **found}
    return msgspec.convert(given, Item)


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("2001-09-09T01:46:40Z", 10**18),
        ("2001-09-09T03:46:40.000000001+02:00", 10**18 + 1),
        ("2001-09-09T01:46:40.5Z", 10**18 + 500_000_000),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_times_are_read_to_the_nanosecond(said: str, time: int | None) -> None:
    """M3: no digit of a time is lost, and one that is not known is none."""
    assert time_ns(said) == time


def test_a_directory_is_the_same_whatever_is_in_it() -> None:
    """D3: its time and size tell nothing."""
    assert (
        present_of(_item(IsDir=True), ABLE).revision
        == present_of(_item(IsDir=True, ModTime="", Size=-1), ABLE).revision
    )
    assert present_of(_item(IsDir=True), ABLE).kind is Kind.DIRECTORY


@pytest.mark.parametrize("other", [{"Size": 4}, {"ModTime": "2001-09-09T01:46:40.000000001Z"}])
def test_another_content_has_another_revision(other: dict[str, object]) -> None:
    """D3: size and time tell contents apart."""
    assert present_of(_item(), ABLE).revision != present_of(_item(**other), ABLE).revision


def test_a_digest_tells_contents_apart_where_there_is_one() -> None:
    """D3: also where size and time are the same, and it is handed on where Onitu knows it."""
    able = Abilities(hash="md5")
    one, other = (hashlib.md5(content, usedforsecurity=False) for content in (b"one", b"two"))

    first = present_of(_item(Hashes={"md5": one.hexdigest()}), able)
    assert first.revision != present_of(_item(Hashes={"md5": other.hexdigest()}), able).revision
    assert first.digests == {"md5": one.digest()}
    assert present_of(_item(Hashes={"quickxor": "00"}), Abilities(hash="quickxor")).digests == {}


def test_what_was_just_changed_may_change_unseen() -> None:
    """D3: a file of this moment is read, unless a digest tells of every write."""
    now = datetime.now(UTC)
    fresh, old = _item(ModTime=now.isoformat()), _item(ModTime=(now - timedelta(seconds=5)).isoformat())

    assert present_of(fresh, ABLE).racy
    assert not present_of(old, ABLE).racy
    assert present_of(_item(ModTime=""), ABLE).racy
    hashed = msgspec.structs.replace(fresh, hashes={"md5": "00" * 16})
    assert not present_of(hashed, Abilities(hash="md5")).racy


def test_what_differs_from_look_to_look_tells_nothing() -> None:
    """D3: times and ids count only where they are the same in every look."""
    able = Abilities(timed=False)
    assert present_of(_item(ID="1"), able) == present_of(_item(ModTime="2002-09-09T01:46:40Z", ID="2"), able)
    assert present_of(_item(), Abilities(steady=False)).mtime_ns is None
