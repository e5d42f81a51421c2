"""Fingerprints of directories: how a quiet start costs nothing per file.

A fingerprint is a sum, so one entry can be taken out and another put in without reading the others, and the order in
which a service lists does not matter. It guards against accident, not against an enemy: whoever can forge 128 bits of
BLAKE3 sums on a service can change its files as well.
"""

from __future__ import annotations

from blake3 import blake3

MODULUS = 1 << 128


def entry_fingerprint(name: str, kind: int, revision: str) -> int:
    """Returns what one entry adds to its directory's fingerprint.

    Args:
        name: As the service spells it.
        kind: Number of the `Kind`, 0 for an inadmissible entry.
        revision: As observed; "" where there is none.
    """
    text = f"{name}\0{kind}\0{revision}"
    return int.from_bytes(blake3(text.encode()).digest(16), "big")
