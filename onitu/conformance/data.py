"""Contents to write: each other than all others, and the same in every run."""

from __future__ import annotations

import random
from typing import Final

from onitu.core.capability import MAX_CHUNK

KIB: Final = 1024
MIB: Final = 1024 * KIB

BORDERS: Final = (0, 1, KIB, MAX_CHUNK - 1, MAX_CHUNK, MAX_CHUNK + 1, 2 * MAX_CHUNK, 3 * MAX_CHUNK + 5)
"""Sizes around the borders of chunks, and some far from them."""


def content(size: int, seed: int = 0) -> bytes:
    """Returns bytes that repeat nowhere; of the same size and seed the same ones."""
    return random.Random(f"{seed} {size}").randbytes(size)  # noqa: S311  Test data, not secrets.


def difference(found: bytes, wanted: bytes) -> str:
    """Returns in words where two contents differ; "" where they do not."""
    if found == wanted:
        return ""
    if len(found) != len(wanted):
        return f"{len(found):,} bytes where {len(wanted):,} are right"
    where = next(index for index, (one, other) in enumerate(zip(found, wanted, strict=True)) if one != other)
    return f"another byte at {where:,} of {len(wanted):,}"
