"""`verify`: how everything is read again."""

from __future__ import annotations

import pytest

from onitu.config.daemon import read_verify
from onitu.config.document import parse_document
from onitu.config.faults import Faults
from onitu.config.values import Check


def _read(text: str) -> tuple[Check, list[str]]:
    faults = Faults()
    item = parse_document(f"x: {text}", "onitu.yaml", Faults())
    assert item is not None
    assert isinstance(item.value, dict)
    check = read_verify(item.value["x"], faults)
    return check, [fault.text for fault in faults.found]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", Check(days=30, rate=8_000_000)),
        ("{}", Check()),
        ("{days: 7, rate: 20M}", Check(days=7, rate=20_000_000)),
        ("{days: 0.5}", Check(days=0.5)),
        ("{days: 0}", Check(days=0)),
    ],
)
def test_verify_is_read(text: str, read: Check) -> None:
    """B1, P23: days between two rounds, and bytes per second; what is not said has its default."""
    assert _read(text) == (read, [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("monthly", "'verify' ({days: 30, rate: 8M}) must be a map, not 'monthly'"),
        ("{day: 1}", "unknown key 'day' in 'verify'; did you mean 'days'?"),
        ("{days: -1}", "'days' must be a number of days, 0 for never, not '-1'"),
        ("{rate: 0}", "'rate' must be more than 0; write days: 0 for never"),
        ("{rate: fast}", "'rate': 'fast' is no size"),
    ],
)
def test_faults_of_verify(text: str, fault: str) -> None:
    """B1, B16: what is wrong is said."""
    (found,) = _read(text)[1]

    assert fault in found
