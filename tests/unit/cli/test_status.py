"""How `onitu status` tells what a core has answered."""

from __future__ import annotations

from typing import Any

import pytest

from onitu.cli.status import _duration, _lines, _parts

FOLDER = {"name": "docs", "listed": True, "pending": 0, "lag": 0.0}


def _service(*folders: dict[str, Any], **other: object) -> dict[str, Any]:
    return {"status": "active", "waiting": "", "errors": 0, "folders": list(folders), "certificates": [], **other}


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (_service(FOLDER), ["active"]),
        (_service({**FOLDER, "pending": 1_200, "lag": 0.4}), ["active", "1,200 to do"]),
        (
            _service({**FOLDER, "pending": 1, "lag": 90.0}, {**FOLDER, "pending": 2, "lag": 12.0}),
            ["active", "3 to do", "the oldest for 2 min"],
        ),
        (_service({**FOLDER, "listed": False}), ["active", "looking at docs"]),
        (_service(FOLDER, waiting="sat 22:00", errors=2), ["active", "waits until sat 22:00", "2 failed"]),
        (
            _service(FOLDER, certificates=[{"expires": 1_900_000_000.0}, {"expires": 1_800_000_000.0}]),
            ["active", "certificates until 2027-01-15"],
        ),
    ],
)
def test_a_service_is_told_in_a_line(service: dict[str, Any], words: list[str]) -> None:
    """E15, W2: its state, until when it waits, what is to do there and since when, what failed, certificates."""
    assert list(_parts(service)) == words


def test_certificates_that_end_soon_are_told_below_their_service() -> None:
    """W2: what to do stands on a line of its own; what has time is not told."""
    certificates = [
        {"expires": 1_800_000_000.0, "warning": "onitu.pem: the certificate is good for 9 more days; do something"},
        {"expires": 1_900_000_000.0, "warning": ""},
    ]
    service = _service(FOLDER, name="nas", reason="", certificates=certificates)

    status = {"name": "home", "settled": True, "files": 0, "bytes": 0, "services": [service]}
    assert list(_lines(status))[1:] == [
        "  nas  active, certificates until 2027-01-15",
        "       onitu.pem: the certificate is good for 9 more days; do something",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"), [(1.0, "1 s"), (59.0, "59 s"), (60.0, "1 min"), (7_200.0, "2 h"), (200_000.0, "2 d")]
)
def test_times_are_told_in_their_largest_unit(seconds: float, words: str) -> None:
    """A person reads one number."""
    assert _duration(seconds) == words
