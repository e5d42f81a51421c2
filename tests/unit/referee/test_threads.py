"""What changes in Trio's thread is looked at in the writer's, and the other way round, at the same time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from onitu.core.capability import Mode
from onitu.core.scope import Member, Scope
from onitu.errors import ServiceError
from onitu.referee import Referee
from onitu.referee.failures import Failures
from onitu.referee.transfers import Large, Transfers
from onitu.store import Store

FOLDER = "docs"


class Link:
    """A folder on a service, at which the other thread does something as soon as it is looked at."""

    capabilities = SimpleNamespace(sync=True)
    local_root = None
    velocity = 1.0
    epoch = 3

    def __init__(self, service: str, meanwhile: Callable[[], object]) -> None:
        self.service = service
        self._meanwhile = meanwhile

    @property
    def folder(self) -> str:
        self._meanwhile()
        return FOLDER

    @property
    def hours(self) -> SimpleNamespace:
        self._meanwhile()
        return SimpleNamespace(waits=False)


def test_services_start_and_end_while_something_is_decided(tmp_path: Path) -> None:
    """F1: a decision is made with the services that there were, whichever begins or ends meanwhile."""
    store = Store(tmp_path)
    members = {"a": Member(mode=Mode.READ_WRITE)}
    referee = Referee(store, {FOLDER: Scope(folder=FOLDER, root=1, members=members)})
    links = cast("dict[tuple[str, str], Any]", referee.links)
    links["a", FOLDER] = Link("a", lambda: links.setdefault((f"new {len(links)}", "music"), None))
    links["b", FOLDER] = Link("b", lambda: links.pop(("a", FOLDER), None))

    assert referee.sources(FOLDER) == ["a", "b"]
    links.clear()
    links["a", FOLDER] = Link("a", lambda: links.pop(("b", FOLDER), None))
    links["b", FOLDER] = Link("b", lambda: None)
    epochs = store.read(lambda transaction: referee.work(transaction, FOLDER).epochs)
    store.close()

    assert epochs == {"a": 3, "b": 3}


def test_large_files_arrive_while_others_are_planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F4: of large files that have arrived while a plan is made nothing is wanted."""
    store = Store(tmp_path)
    transfers = Transfers(
        cast("Any", SimpleNamespace(referee=None, service="a", key=("a", FOLDER))),
        tell_begun=lambda *_: None,
        tell=lambda *_: None,
    )
    under_way = cast("dict[int, Any]", transfers._under_way)
    under_way.update({1: None, 2: None})
    large = Large(free=1)

    def look(transaction: Any) -> None:  # noqa: ANN401 - the other thread does something in its first question
        monkeypatch.setattr(transaction, "find", under_way.pop)
        transfers.look_around(transaction, large)

    store.read(look)
    store.close()

    assert (large.superseded, under_way) == ([1, 2], {})


async def test_failures_are_forgotten_while_they_are_looked_through() -> None:
    """D8: what fails, and what is forgotten for it has changed, is not missed for being looked through meanwhile."""
    failures = Failures()

    class Service(str):
        """A name that is compared while the other thread forgets a failure."""

        __hash__ = str.__hash__
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            failures._failures.pop((str(self), 1), None)
            return str(self) == other

    for node in (1, 2):
        failures.note("a", node, str(node), ServiceError("away"))

    assert [failure.path for failure in failures.of(Service("a"))][-1] == "2"
