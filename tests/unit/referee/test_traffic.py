"""What is on its way, and what it costs to know where nobody looks on. Counted, not timed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from onitu.core.capability import Mode
from onitu.core.model import Kind
from onitu.core.node import Action, Version
from onitu.core.scope import Member, Scope
from onitu.core.task import Source, Task
from onitu.events import Events
from onitu.referee import traffic as module
from onitu.referee.telling import Telling
from onitu.referee.traffic import Traffic, Travel

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Files of a batch.
MANY = 400

SCOPES = {"docs": Scope(folder="docs", root=1, members={"b": Member(mode=Mode.READ_WRITE)})}


def task(node: int, *, copied: bool = True) -> Task:
    """Returns the writing of a file, or a deletion."""
    version = Version(number=1, kind=Kind.FILE, size=node, mtime_ns=None, origin="a", revision="r")
    source = Source(service="a", node=node, path=f"{node}.txt", revision="r") if copied else None
    action = Action.WRITE if copied else Action.DELETE
    return Task(node=node, action=action, path=f"{node}.txt", expected=None, version=version, source=source)


def test_a_batch_costs_as_much_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """E15: of many files nothing is made before somebody looks, and then no more than is looked at."""
    made: list[str] = []

    def making(**what: Any) -> Travel:  # noqa: ANN401 - as it is made
        made.append(what["path"])
        return Travel(**what)

    monkeypatch.setattr(module, "Travel", making)
    traffic = Traffic()
    batch = traffic.begin("b", "docs", [*(task(node) for node in range(1, MANY + 1)), task(1_000, copied=False)])
    for number in range(3):
        batch.arrive(task(2), number)

    assert (len(traffic), made) == (MANY, [])
    looked = iter(traffic)
    first, second = next(looked), next(looked)
    assert made == ["1.txt", "2.txt"]
    assert [(one.source, one.target, one.size, one.done()) for one in (first, second)] == [
        ("a", "b", 1, 0),
        ("a", "b", 2, 3),
    ]
    traffic.end(batch)
    assert (len(traffic), list(traffic)) == (0, [])


def test_a_large_file_says_itself_how_much_has_arrived() -> None:
    """E15: what is on its way by itself is asked; another batch is not concerned."""
    traffic = Traffic()
    small = traffic.begin("b", "docs", [task(1)])
    large = traffic.begin("c", "docs", [task(1)], lambda: 7)
    small.arrive(task(1), 1)

    assert [(one.target, one.done()) for one in traffic] == [("b", 1), ("c", 7)]
    traffic.end(small)
    assert [(one.target, one.done()) for one in traffic] == [("c", 7)]
    traffic.end(large)
    assert not list(traffic)


def test_what_nobody_hears_is_not_said() -> None:
    """E15: as long as nobody follows, a file that has arrived is counted, and nothing is found out about it."""
    asked: list[object] = []

    def scopes() -> Mapping[str, Scope]:
        asked.append(None)
        return SCOPES

    telling = Telling(Events("0"), cast("Any", SimpleNamespace(tell_changes=None)), scopes)
    for node in range(MANY):
        telling.arrived("b", "docs", task(node), 0.1)
        telling.failed("b", "docs", task(node), 0.1, "why")
        telling.superseded("b", "docs", task(node), "why")
    assert (telling.tally.finished["docs", "b"], asked, telling.events.newest) == (MANY, [], 0)

    telling.begin()
    telling.arrived("b", "docs", task(1), 0.1)
    assert (len(asked), telling.events.newest) == (1, 1)
