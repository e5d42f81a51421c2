"""Names as rclone shows them, and as they are."""

# ruff: noqa: RUF001  The signs that look like others are what this is about.

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from onitu_rclone.names import from_rclone, to_rclone

NAMES = st.text(st.sampled_from("a.%‛␉␡\t\n\x7f／．é"), min_size=1).filter(lambda name: name not in {".", ".."})


@given(NAMES)
def test_every_name_comes_back(name: str) -> None:
    """N1: what is written under a name is listed under it."""
    assert from_rclone(to_rclone(name)) == name


@given(NAMES, NAMES)
def test_two_names_stay_two(one: str, other: str) -> None:
    """N1: no file is written over another one because rclone shows them alike."""
    assert (to_rclone(one) == to_rclone(other)) == (one == other)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("a␉b", "a\tb"),
        ("a‛␉b", "a␉b"),
        ("a／b", "a／b"),
        ("a‛‛b", "a‛b"),
        ("‛．", "．"),
        ("a．", "a．"),
        ("日本", "日本"),
    ],
)
def test_names_are_what_rclone_shows(shown: str, name: str) -> None:
    """N1: control characters are shown as pictures, and pictures with a quote before them."""
    assert from_rclone(shown) == name
    assert to_rclone(name) == shown


def test_a_name_that_cannot_be_asked_for_is_none() -> None:
    """N1: bytes that are no text are shown in a way that leads nowhere."""
    assert from_rclone("a‛BFb") is None


def test_directories_are_told_apart() -> None:
    """N1: only names are shown otherwise, never what is between them."""
    assert to_rclone("a\t/b\n") == "a␉/b␊"
