"""Which paths are looked at, and when (CONTRACT D10)."""

from __future__ import annotations

from onitu_ssh.gather import CALM, GAP, QUIET, Gatherer, Touched
from onitu_ssh.own import Own


def _take(gatherer: Gatherer, now: float, path: bytes, *events: str) -> None:
    gatherer.take(path, frozenset(events), now)


def test_a_file_is_looked_at_when_it_was_closed() -> None:
    """D10: what is being written waits, and what was closed does not."""
    gatherer = Gatherer()
    _take(gatherer, 0.0, b"a", "CREATE")
    _take(gatherer, 0.5, b"a", "MODIFY")
    assert gatherer.due() == 0.5 + QUIET
    _take(gatherer, 0.6, b"a", "ATTRIB")
    assert gatherer.ripe(1.4) == ({}, [])
    _take(gatherer, 1.4, b"a", "CLOSE_WRITE")
    assert gatherer.ripe(1.4 + CALM) == ({b"a": Touched(written=True)}, [])
    assert gatherer.due() is None


def test_a_file_that_is_never_closed_is_looked_at_when_it_is_left_alone() -> None:
    """D10: a log that stays open is no less a file."""
    gatherer = Gatherer()
    _take(gatherer, 0.0, b"log", "MODIFY")
    assert gatherer.ripe(QUIET, at_once=True) == ({b"log": Touched(written=True)}, [])


def test_a_burst_is_one_look_and_what_is_above_comes_first() -> None:
    """D10: many events at one path are one look; a directory is told of before what lies in it."""
    gatherer = Gatherer()
    for name in (b"d/f", b"d/f", b"d"):
        _take(gatherer, 0.0, name, "DELETE")
    _take(gatherer, 0.01, b"d/f", "MOVED_TO")
    assert list(gatherer.ripe(CALM)[0]) == [b"d", b"d/f"]


def test_a_new_directory_is_listed_twice_where_it_was_not_watched_yet() -> None:
    """D10: what came before the watch is found by a listing, also where the watch comes later than the event."""
    sure, unsure = Gatherer(), Gatherer(gaps=True)
    for gatherer in (sure, unsure):
        _take(gatherer, 0.0, b"d", "CREATE", "ISDIR")
        assert gatherer.ripe(CALM) == ({b"d": Touched()}, [b"d"])
    assert sure.due() is None
    assert unsure.ripe(GAP) == ({}, [b"d"])


def test_a_directory_that_is_gone_is_not_listed() -> None:
    """D10: what was made and removed at once is looked at, and no more."""
    gatherer = Gatherer(gaps=True)
    _take(gatherer, 0.0, b"d", "CREATE", "ISDIR")
    _take(gatherer, 0.0, b"d", "DELETE", "ISDIR")
    assert gatherer.ripe(GAP) == ({b"d": Touched()}, [])


def test_own_writes_are_told_from_edits_that_look_the_same() -> None:
    """D10: an edit in the second of our own write, of the same size, is news; the write itself is none, once."""
    own = Own()
    for touched, taken in (
        (Touched(arrivals=1), True),
        (Touched(arrivals=2), False),
        (Touched(written=True, arrivals=1), False),
    ):
        own.note("a", "1:2:644")
        assert own.take("a", "1:2:644", touched) is taken
        assert not own.take("a", "1:2:644", Touched(arrivals=1))
    own.note("a", "1:2:644")
    assert not own.take("a", "1:3:644", Touched(arrivals=1))
