"""Sizes, for all numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onitu.core.sizes import UNITS, format_size, parse_size


@given(st.integers(0, 2**63))
def test_what_is_written_is_read(size: int) -> None:
    """B9: every size that is written reads back as itself."""
    assert size == parse_size(format_size(size))


@given(st.integers(0, 10**6), st.integers(0, 999), st.sampled_from([unit for unit in UNITS if unit]))
def test_decimals_are_exact(whole: int, thousandths: int, unit: str) -> None:
    """B9: decimals of a unit are exact down to the byte; what is less than a byte is cut off."""
    expected = (whole * 1000 + thousandths) * UNITS[unit] // 1000

    assert expected == parse_size(f"{whole}.{thousandths:03}{unit}")
