"""The names of conflict copies, and those taken for a moment."""

from __future__ import annotations

import pytest

from onitu.core.names import NAME_BYTES, aside_name, conflict_name, restored_name

_DAY = 1_700_000_000_000_000_000


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("report.txt", "report (conflict home 2023-11-14 0a1b2c3d).txt"),
        ("archive.tar.gz", "archive.tar (conflict home 2023-11-14 0a1b2c3d).gz"),
        ("Makefile", "Makefile (conflict home 2023-11-14 0a1b2c3d)"),
        (".profile", ".profile (conflict home 2023-11-14 0a1b2c3d)"),
        ("a. long sentence as a name", "a. long sentence as a name (conflict home 2023-11-14 0a1b2c3d)"),
    ],
)
def test_conflict_name(name: str, expected: str) -> None:
    """The extension stays at the end, where it is one."""
    assert expected == conflict_name(name, service="home", now_ns=_DAY, mark="0a1b2c3d")


def test_second_attempt_is_numbered() -> None:
    """A copy that a user has edited is left alone: the next one has a number."""
    assert conflict_name("a.txt", service="s", now_ns=_DAY, mark="m", attempt=2) == "a (conflict s 2023-11-14 m) 2.txt"


def test_service_name_makes_no_directory() -> None:
    """A slash in a service's name is no separator."""
    assert "/" not in conflict_name("a", service="me/you", now_ns=_DAY, mark="m")


@pytest.mark.parametrize("name", ["x" * 255, "é" * 127, "\U0001f600" * 63 + ".jpeg"])
def test_names_fit(name: str) -> None:
    """Long names are cut between characters and stay within what file systems take."""
    made = conflict_name(name, service="service", now_ns=_DAY, mark="0a1b2c3d", attempt=12)
    aside = aside_name(name, 1 << 40)

    assert len(made.encode()) <= NAME_BYTES
    assert len(aside.encode()) <= NAME_BYTES
    assert made.endswith(".jpeg") == name.endswith(".jpeg")


@pytest.mark.parametrize(
    ("name", "attempt", "expected"),
    [
        ("report.txt", 1, "report (restored 2026-01-31).txt"),
        ("report.txt", 2, "report (restored 2026-01-31) 2.txt"),
        ("x" * 255, 1, "x" * 233 + " (restored 2026-01-31)"),
    ],
)
def test_restored_name(name: str, attempt: int, expected: str) -> None:
    """B11 `keep`: what comes back where its name is taken says so, before the extension, and fits."""
    assert restored_name(name, day="2026-01-31", attempt=attempt) == expected
