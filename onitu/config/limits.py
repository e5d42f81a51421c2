"""Reads what a service is spared: how much at once, how fast, when (CONTRACT B11)."""

from __future__ import annotations

from onitu.config import keys
from onitu.config.document import Item
from onitu.config.faults import Faults, Place
from onitu.config.keys import refuse_others, split_keys
from onitu.config.parts import members, number, size, texts
from onitu.config.times import Span, parse_span
from onitu.config.values import Bandwidth, Timetable
from onitu.core.capability import MAX_CHUNK

#: The key of a timetable for all times that are not in it.
OTHERWISE = "otherwise"


def read_velocity(item: Item | None, faults: Faults) -> float | None:
    """Reads how fast a service is, 0 to 1."""
    form = "a number from 0 to 1 (fastest)"
    found = number(item, "'velocity'", form, faults)
    if item is not None and found is not None and found > 1:
        faults.add(item.place, f"'velocity' must be {form}, not {item.shown}")
    return None if found is None else float(found)


def read_chunk_size(item: Item | None, faults: Faults) -> int | None:
    """Reads the size of the pieces that large files are sent in."""
    found = size(item, "'chunk-size'", faults)
    if item is not None and found is not None and not 0 < found <= MAX_CHUNK:
        faults.add(item.place, f"'chunk-size' is 1 byte to 1Mi, the most that fits, not {item.shown}")
    return found


def read_changes_timer(item: Item | None, faults: Faults) -> float | None:
    """Reads the seconds between two looks at a service that cannot be watched."""
    form = "a number of seconds, more than 0"
    found = number(item, "'changes-timer'", form, faults)
    if item is not None and found == 0:
        faults.add(item.place, f"'changes-timer' must be {form}, not {item.shown}")
    return None if found is None else float(found)


def read_bandwidth(item: Item | None, faults: Faults) -> Bandwidth:
    """Reads bytes per second, each way."""
    own, others = split_keys(members(item, "'bandwidth' ({up: RATE, down: RATE})", faults), keys.BANDWIDTH, faults)
    refuse_others(others, keys.BANDWIDTH, faults)
    return Bandwidth(up=_read_rate(own.get("up"), "'up'", faults), down=_read_rate(own.get("down"), "'down'", faults))


def read_schedule(item: Item | None, faults: Faults) -> tuple[Span, ...]:
    """Reads the spans of the week in which anything is done."""
    return tuple(span for text, place in texts(item, "'schedule'", faults) if (span := _span(text, place, faults)))


def _read_rate(item: Item | None, what: str, faults: Faults) -> Timetable | None:
    """Reads a rate, or a timetable: span of time to rate."""
    if item is None or item.value is None:
        return None
    if not isinstance(item.value, dict):
        return Timetable(otherwise=_rate(item, what, faults))
    rates: list[tuple[Span, int]] = []
    for text, child in item.value.items():
        rate = _rate(child, what, faults)
        span = None if text == OTHERWISE else _span(text, child.key_place, faults)
        if span is not None and rate is not None:
            rates.append((span, rate))
    return Timetable(rates=tuple(rates), otherwise=size(item.value.get(OTHERWISE), what, Faults()))


def _rate(item: Item, what: str, faults: Faults) -> int | None:
    """Reads bytes per second. None at all is no rate but a schedule."""
    found = size(item, what, faults)
    if found == 0:
        faults.add(item.place, f"{what} must be more than 0 bytes per second; 'schedule' says when nothing is moved")
        return None
    return found


def _span(text: str, place: Place, faults: Faults) -> Span | None:
    try:
        return parse_span(text)
    except ValueError as error:
        faults.add(place, str(error))
        return None
