"""D5: a revision is any text or number, and comes back as what it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onitu.errors import DriverError
from onitu.plug.revisions import UNSET, revision_from_text, revision_to_text

REVISIONS = st.one_of(
    st.text(min_size=1), st.text(min_size=1).map("\x01".__add__), st.integers(), st.floats(allow_nan=False)
)


@given(REVISIONS)
def test_any_text_or_number_comes_back_with_its_type(revision: str | float) -> None:
    """D5: equal, and of the same type; text that looks like a number stays text."""
    back = revision_from_text(revision_to_text(revision))
    assert (back, type(back)) == (revision, type(revision))


@given(REVISIONS, REVISIONS)
def test_different_revisions_travel_as_different_texts(one: str | float, other: str | float) -> None:
    """D5: no two revisions are taken for each other."""
    same = one == other and type(one) is type(other)
    if not same and repr(one) != repr(other):
        assert revision_to_text(one) != revision_to_text(other)


@pytest.mark.parametrize("text", ["", "\x01content:abc", "\x01", "\x01iabc"])
def test_what_no_driver_has_set_is_unset(text: str) -> None:
    """D5: `0.0` where none was ever set, so that a driver may compare with its own numbers."""
    revision = revision_from_text(text)
    assert (revision, type(revision)) == (UNSET, float)


@pytest.mark.parametrize("revision", ["", None, True, b"bytes", [1]])
def test_what_is_neither_text_nor_number_is_the_drivers_fault(revision: object) -> None:
    """D5: the error says what a revision is."""
    with pytest.raises(DriverError, match="a revision is a text that is not empty, or a number"):
        revision_to_text(revision)  # type: ignore[arg-type]
