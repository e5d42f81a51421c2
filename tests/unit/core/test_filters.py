"""What the setup admits."""

from __future__ import annotations

import pytest

from onitu.core.filters import Cause, Filter, Refusal, admit
from onitu.core.patterns import DEFAULTS, Ignore, Patterns

_MUSIC = Filter(level="folder 'music'", types=("audio",))
_SMALL = Filter(level="service 'phone'", min_size=10, max_size=1_000_000)
_NO_MP3 = Filter(level="folder 'music' of service 'nas'", blacklist=Patterns.of(["*.mp3", "old/"]))
_ONLY_LIVE = Filter(level="folder 'music'", whitelist=Patterns.of(["live/", "*.flac"]))


@pytest.mark.parametrize(
    ("one", "path", "size", "expected"),
    [
        (Filter(level="folder 'all'"), "a", 0, None),
        (_MUSIC, "a.mp3", 0, None),
        (
            _MUSIC,
            "a.txt",
            0,
            Refusal(Cause.TYPE, "is of type text/plain, which is not in type audio/* of folder 'music'"),
        ),
        (_SMALL, "a", 10, None),
        (_SMALL, "a", 1_000_000, None),
        (_SMALL, "a", 9, Refusal(Cause.SIZE, "smaller than min-size 10B of service 'phone'")),
        (_SMALL, "a", 1_000_001, Refusal(Cause.SIZE, "larger than max-size 1M of service 'phone'")),
        (Filter(level="x", max_size=0), "a", 0, None),
        (Filter(level="x", max_size=0), "a", 1, Refusal(Cause.SIZE, "larger than max-size 0B of x")),
        (_NO_MP3, "a.flac", 0, None),
        (
            _NO_MP3,
            "x/a.mp3",
            0,
            Refusal(Cause.BLACKLIST, "matches blacklist '*.mp3' of folder 'music' of service 'nas'"),
        ),
        (
            _NO_MP3,
            "old/a.flac",
            0,
            Refusal(Cause.BLACKLIST, "matches blacklist 'old/' of folder 'music' of service 'nas'"),
        ),
        (_ONLY_LIVE, "live/a.mp3", 0, None),
        (_ONLY_LIVE, "studio/a.flac", 0, None),
        (
            _ONLY_LIVE,
            "studio/a.mp3",
            0,
            Refusal(Cause.WHITELIST, "matches nothing of the whitelist of folder 'music'"),
        ),
    ],
)
def test_files_are_refused_with_a_reason(one: Filter, path: str, size: int, expected: Refusal | None) -> None:
    """B8, B9, B10: type, size (inclusive) and patterns; the reason has the option, its value and its level."""
    assert expected == one.refusal(path, directory=False, size=size)


def test_blacklist_wins() -> None:
    """B10: what is on both lists is refused."""
    both = Filter(level="x", blacklist=Patterns.of(["*.mp3"]), whitelist=Patterns.of(["*.mp3"]))

    refusal = both.refusal("a.mp3", directory=False)

    assert refusal is not None
    assert refusal.cause is Cause.BLACKLIST


def test_types_are_read_as_they_are_written() -> None:
    """B8: `audio`, `audio/`, `audio/*` are the same filter; what is no type is none."""
    assert Filter(level="x", types=("audio",)) == Filter(level="x", types=("audio/",))
    assert Filter(level="x", types=("audio",)) == Filter(level="x", types=("audio/*",))
    with pytest.raises(ValueError, match="no media type"):
        Filter(level="x", types=("a b",))


@pytest.mark.parametrize("one", [_MUSIC, _SMALL, _ONLY_LIVE])
def test_a_directory_has_no_type_and_size(one: Filter) -> None:
    """B8, B9, B10: only the blacklist refuses a directory."""
    assert one.refusal("anything", directory=True) is None


def test_a_blacklisted_directory_is_refused() -> None:
    """B10: a directory on the blacklist is refused, and all below it."""
    assert _NO_MP3.refusal("old", directory=True) == Refusal(
        Cause.BLACKLIST, "matches blacklist 'old/' of folder 'music' of service 'nas'"
    )
    assert _NO_MP3.refusal("old/x", directory=True) is not None
    assert _NO_MP3.refusal("old", directory=False) is None


@pytest.mark.parametrize(
    ("one", "path", "expected"),
    [
        (Filter(level="x"), "studio", True),
        (_NO_MP3, "studio", True),
        (_MUSIC, "studio", False),
        (_SMALL, "studio", False),
        (Filter(level="x", max_size=0), "studio", False),
        (_ONLY_LIVE, "studio", False),
        (_ONLY_LIVE, "live", True),
        (_ONLY_LIVE, "live/1999", True),
        (Filter(level="x", types=("audio",), whitelist=Patterns.of(["live"])), "live", True),
    ],
)
def test_directories_wanted_for_their_own_sake(one: Filter, path: str, expected: bool) -> None:
    """B8, B9, B10: where only some files are wanted, a directory is made for them, unless the whitelist has it."""
    assert expected == one.wants_directory(path)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Filter(level="x"), True),
        (_MUSIC, False),
        (_SMALL, False),
        (_NO_MP3, False),
        (_ONLY_LIVE, False),
        (Filter(level="x", min_size=0), False),
    ],
)
def test_empty_filters(one: Filter, expected: bool) -> None:
    """B8, B9, B10: an option that is not given admits everything."""
    assert expected == one.is_empty


def test_all_filters_must_admit() -> None:
    """B6: filters of all levels add up, and the first that refuses says why."""
    filters = (_MUSIC, _NO_MP3, _SMALL)

    def cause(path: str, size: int) -> Cause | None:
        refusal = admit(filters, (), path, directory=False, size=size)
        return refusal.cause if refusal else None

    assert cause("a.flac", 100) is None
    assert cause("a.txt", 100) is Cause.TYPE
    assert cause("a.mp3", 100) is Cause.BLACKLIST
    assert cause("a.flac", 1) is Cause.SIZE
    assert admit((), (), "a", directory=True, size=0) is None


@pytest.mark.parametrize("directory", [False, True])
def test_what_is_ignored_is_refused(directory: bool) -> None:
    """B17: the reason says which line, and where it stands."""
    ignore = (DEFAULTS, Ignore.parse("*.bak"))

    def refused(path: str) -> Refusal | None:
        return admit((Filter(level="x"),), ignore, path, directory=directory, size=1)

    assert refused("a.txt") is None
    assert refused("a.part") == Refusal(Cause.IGNORED, "ignored by '*.part' of the default ignores")
    assert refused("a.bak") == Refusal(Cause.IGNORED, "ignored by '*.bak' of .onituignore")
