"""The last events, with ids."""

from __future__ import annotations

import json

import msgspec
import pytest

from onitu.events import Events, Kept


def _wanted(**options: object) -> Events:
    events = Events("ab12", **options)  # type: ignore[arg-type]
    events.wanted = True
    return events


def _told(events: Events, last: str, *, most_bytes: int = 1 << 20) -> list[object]:
    position = events.position(last)
    assert position is not None
    data = events.after(position, most_bytes=most_bytes).data.decode()
    return [json.loads(line.removeprefix("data: ")) for line in data.splitlines() if line.startswith("data: ")]


def test_an_event_is_sent_as_the_standard_has_it() -> None:
    """E15: id, type and data, a line each, and an empty one."""
    events = _wanted()
    events.emit("file", filename="a\nb", size=1)

    assert events.after(0, most_bytes=1).data == b'id: ab12-1\nevent: file\ndata: {"filename":"a\\nb","size":1}\n\n'


def test_who_knows_an_event_is_told_what_follows() -> None:
    """E15: behind an id come the events after it, in order, as many as fit, and at least one."""
    events = _wanted()
    for number in range(4):
        events.emit("file", number=number)

    assert _told(events, "ab12-2") == [{"number": 2}, {"number": 3}]
    assert _told(events, "ab12-0", most_bytes=1) == [{"number": 0}]
    assert _told(events, "ab12-4") == []


@pytest.mark.parametrize(
    "last", ["", "x", "ab12-", "ab12-5", "ab12--1", "ff-1", "ab12-1 ", "ab12-99999999999999999999"]
)
def test_an_id_of_nobody_is_not_understood(last: str) -> None:
    """E15: what was never given out is no place to go on from."""
    events = _wanted()
    events.emit("file")

    assert events.position(last) is None


def test_what_is_too_long_ago_is_lost() -> None:
    """E15: only so many events are kept, whoever lags behind, and who has missed some can tell."""
    events = _wanted(most=10)
    for number in range(100):
        events.emit("file", number=number)

    assert events.position("ab12-50") is None
    piece = events.after(50, most_bytes=1 << 20)
    assert (piece.lost, piece.position) == (True, 100)
    assert len(events.keep().frames) == 10  # type: ignore[union-attr]
    assert not events.after(99, most_bytes=1).lost


def test_nothing_is_noted_for_nobody() -> None:
    """E15: as long as nobody follows no event is kept; who was told of one before has missed something."""
    events = _wanted()
    events.emit("file")
    events.forget()
    events.emit("file")

    assert (events.keep(), events.position("ab12-1"), events.wanted) == (None, None, False)


def test_another_core_goes_on() -> None:
    """E15: what is kept is enough for ids to stay good over a restart."""
    events = _wanted()
    events.emit("file", number=1)
    events.emit("file", number=2)
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(events.keep()), type=Kept)

    after = Events("cd34", kept=kept)
    after.emit("file", number=3)

    assert _told(after, "ab12-1") == [{"number": 2}, {"number": 3}]
    assert after.wanted


def test_watchers_hear_everything_though_nobody_follows() -> None:
    """B18: who is to be told in any case is."""
    heard: list[tuple[str, dict[str, object]]] = []
    events = Events("ab12")
    events.watchers.append(lambda kind, data: heard.append((kind, data)))

    events.emit("hold", service="a")

    assert heard == [("hold", {"service": "a"})]


def test_names_that_are_no_text_are_told() -> None:
    """E14, E15: a name that is not UTF-8 reaches Python with lone surrogates, and nobody is cut off by it."""
    events = _wanted()
    events.emit("file", filename="a\udcff")

    assert _told(events, "ab12-0") == [{"filename": "a\\udcff"}]
