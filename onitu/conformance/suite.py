"""The checks as tests, for `onitu.conformance.plugin`, which says on what driver and which of them."""

from __future__ import annotations

from onitu.conformance.check import Check
from onitu.conformance.kit import Kit


def test_conformance(kit: Kit, check: Check) -> None:
    """The driver keeps one promise of the contract."""
    kit.run(check)
