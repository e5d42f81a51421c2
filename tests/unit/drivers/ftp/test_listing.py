"""What FTP servers list is read as it is meant."""

from __future__ import annotations

import pytest
from onitu_ftp.listing import Found, of_facts, of_line, said, time_ns
from onitu_ftp.session import from_wire, to_wire


@pytest.mark.parametrize(
    ("line", "name", "found"),
    [
        (
            "-rw-r--r--    1 1000     1000           42 Nov 23 03:10 a file  with spaces ",
            "a file  with spaces ",
            Found(kind="file", size=42, modified="Nov 23 03:10"),
        ),
        (
            "drwxr-xr-x    2 ada      users        4096 Jan  1  2024 d",
            "d",
            Found(kind="dir", size=4096, modified="Jan  1  2024"),
        ),
        (
            "lrwxrwxrwx    1 0        0               7 Nov 23 03:10 link -> target",
            "link",
            Found(kind="other", size=7, modified="Nov 23 03:10"),
        ),
        (
            "-rw-------+   1 ada      the group       5 2026-11-23 03:10 -> arrow",
            "-> arrow",
            Found(kind="file", size=5, modified="2026-11-23 03:10"),
        ),
    ],
)
def test_lines_as_ls_prints_them(line: str, name: str, found: Found) -> None:
    """Spaces belong to the name, wherever they stand in it."""
    assert of_line(line) == (name, found)


@pytest.mark.parametrize("line", ["", "total 12", "drwxr-xr-x", "01-02-26  03:10AM  <DIR>  windows"])
def test_lines_that_name_nothing(line: str) -> None:
    """What cannot be read names nothing."""
    assert of_line(line) is None


def test_facts() -> None:
    """Facts come in any case, and some servers have few."""
    assert of_facts({"type": "FILE", "size": "7", "modify": "20260102030405.5", "unique": "x"}) == Found(
        kind="file", size=7, modified="20260102030405.5", unique="x"
    )
    assert of_facts({"type": "dir"}) == Found(kind="dir")
    assert of_facts({"type": "file", "size": "?"}).size == 0


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("19700101000001", 1_000_000_000),
        ("19700101000001.25", 1_250_000_000),
        ("", None),
        ("Nov 23 03:10", None),
    ],
)
def test_times(text: str, nanoseconds: int | None) -> None:
    """Times are UTC, with as many digits as a server likes."""
    assert time_ns(text) == nanoseconds


def test_a_time_comes_back_as_it_was_said() -> None:
    """What MFMT is told is what MLSD says."""
    assert time_ns(said(1_234_567_890_987_654_321)) == 1_234_567_890_000_000_000


@pytest.mark.parametrize("name", ["plain", "größe", "数据", "bad \udcff byte"])
def test_names_go_through_a_library_that_decodes_them(name: str) -> None:
    """Names: any bytes come back as they were, those that are no UTF-8 as well."""
    assert from_wire(to_wire(name)) == name
