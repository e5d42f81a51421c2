"""Where no directory is: what is remembered saves listings, and never hides a directory of ours."""

from __future__ import annotations

import pytest

from onitu.plug.nearby import MOMENT, Nearby


class Service:
    """Directories by the one above them.

    Attributes:
        names: Their names; None: too many.
        listings: What was listed.
        now: The time.
        meanwhile: What is forgotten while it lists.
    """

    def __init__(self) -> None:
        self.names: dict[str, set[str] | None] = {"": {"a"}, "a": {"b"}}
        self.listings: list[str] = []
        self.now = 100.0
        self.meanwhile: str | None = None
        self.nearby = Nearby(self.listed, lambda: self.now)

    def listed(self, path: str) -> set[str] | None:
        self.listings.append(path)
        if self.meanwhile is not None:
            self.nearby.forget(self.meanwhile)
        return self.names[path]


@pytest.fixture
def service() -> Service:
    """A service."""
    return Service()


def test_one_listing_does_for_a_directory(service: Service) -> None:
    """F7: many files that come into one directory cost one listing of it."""
    assert [service.nearby.is_none_at(path) for path in ("a/f", "a/g", "a/b", "f", "a")] == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert service.listings == ["a", ""]


def test_a_listing_counts_for_a_moment(service: Service) -> None:
    """P9: what others make is seen a moment later."""
    assert service.nearby.is_none_at("a/f")
    service.names["a"] = {"b", "f"}
    service.now += MOMENT + 1

    assert not service.nearby.is_none_at("a/f")


def test_a_directory_of_ours_is_seen_at_once(service: Service) -> None:
    """P9: nobody waits for what was made here."""
    assert service.nearby.is_none_at("a/f")
    service.names["a"] = {"b", "f"}
    service.nearby.forget("a/f")

    assert not service.nearby.is_none_at("a/f")


def test_what_was_listed_while_a_directory_came_is_not_kept(service: Service) -> None:
    """P9: it may be from before."""
    service.meanwhile = "a/f"
    service.nearby.is_none_at("a/g")
    service.meanwhile = None
    service.names["a"] = {"b", "f"}

    assert not service.nearby.is_none_at("a/f")


def test_of_too_many_nothing_is_said(service: Service) -> None:
    """F7, P9: they are looked for one by one, and not listed again for each."""
    service.names["a"] = None

    assert not service.nearby.is_none_at("a/f")
    assert not service.nearby.is_none_at("a/g")
    assert service.listings == ["a"]
