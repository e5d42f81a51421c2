"""Sizes as people write them."""

from __future__ import annotations

import pytest

from onitu.core.sizes import format_size, parse_size


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (0, 0),
        (1_500, 1_500),
        (1e6, 1_000_000),
        ("0", 0),
        ("500", 500),
        ("500B", 500),
        ("500 b", 500),
        ("1k", 1_000),
        ("1K", 1_000),
        ("1kB", 1_000),
        ("1Ki", 1_024),
        ("1kib", 1_024),
        ("1.5M", 1_500_000),
        ("1.5 MB", 1_500_000),
        ("2Mi", 2 * 1024**2),
        ("3g", 3 * 1000**3),
        ("3GI", 3 * 1024**3),
        ("1T", 1000**4),
        ("1TiB", 1024**4),
        ("0.5P", 500 * 1000**4),
        ("1Pi", 1024**5),
        ("1.0", 1),
        (" 7k ", 7_000),
        ("0.1Ki", 102),
        ("9007199254740993", 9_007_199_254_740_993),
        ("9007199254.740993M", 9_007_199_254_740_993),
    ],
)
def test_sizes_are_read(written: str | float, size: int) -> None:
    """B9: bytes, or a number with a unit of 1000 or 1024; decimals, either case and a trailing B are fine."""
    assert size == parse_size(written)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("", "no size"),
        ("B", "no size"),
        ("M", "no size"),
        (".M", "no size"),
        ("large", "no size"),
        ("1X", "no size"),
        ("1kk", "no size"),
        ("1,5M", "no size"),
        ("1e6", "no size"),
        ("1 000", "no size"),
        ("+1", "no size"),
        ("\N{ARABIC-INDIC DIGIT ONE}k", "no size"),
        ("9" * 5_000, "no size"),
        (float("inf"), "no size"),
        (float("nan"), "no size"),
        (True, "no size"),
        (-1, "0 or more"),
        ("-1k", "0 or more"),
        (-0.5, "0 or more"),
        ("1.5", "as in 1.5M"),
        (1.5, "as in 1.5M"),
        ("1.5B", "as in 1.5M"),
    ],
)
def test_garbage_is_refused(written: str | float, words: str) -> None:
    """B9: garbage and negatives are errors, and the error says how to write a size."""
    with pytest.raises(ValueError, match=words):
        parse_size(written)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0B"),
        (500, "500B"),
        (1_000, "1k"),
        (1_024, "1Ki"),
        (1_500_000, "1.5M"),
        (1_250_000, "1.25M"),
        (1_234_567, "1234567B"),
        (1024**3 * 3 // 2, "1.5Gi"),
        (10 * 1000**5, "10P"),
    ],
)
def test_sizes_are_written_shortly(size: int, text: str) -> None:
    """The shortest exact way: what stands in a message is what stands in the setup, or shorter."""
    assert text == format_size(size)
