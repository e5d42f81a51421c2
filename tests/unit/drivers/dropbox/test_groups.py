"""Changes that are made many at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from onitu_dropbox import groups
from onitu_dropbox.groups import Group

from onitu.plug import DriverError, NotFound, OutcomeUnknown, RateLimited


class Batches:
    """Makes changes, and notes which were made together."""

    def __init__(self, answer: Callable[[int], int | DriverError] = lambda item: item) -> None:
        self.done: list[list[int]] = []
        self.answer = answer

    def __call__(self, items: list[int]) -> list[int | DriverError]:
        self.done.append(items)
        return [self.answer(item) for item in items]


def _put(group: Group[int, int], item: int) -> int:
    with group.coming() as ticket:
        return ticket.put(item)


def test_those_that_come_together_go_together() -> None:
    """D6: whoever is on the way is waited for; each has its own outcome."""
    batches = Batches()
    group = Group[int, int](batches)
    tickets = [group.coming() for _ in range(50)]
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda pair: pair[1].put(pair[0]), enumerate(tickets)))
    assert found == list(range(50))
    assert [sorted(batch) for batch in batches.done] == [list(range(50))]


def test_who_gives_up_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """D8: a change that failed on its way holds nobody up."""
    monkeypatch.setattr(groups, "PATIENCE", 1e9)
    group = Group[int, int](Batches())
    lost = group.coming()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(_put, group, 7)
        with pytest.raises(NotFound), lost:
            raise NotFound("its directory is not there")
        assert found.result() == 7


def test_nobody_is_waited_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """D6: one that takes its time is in the next group."""
    monkeypatch.setattr(groups, "PATIENCE", 0.01)
    batches = Batches()
    group = Group[int, int](batches)
    late = group.coming()
    assert _put(group, 1) == 1
    assert late.put(2) == 2
    assert batches.done == [[1], [2]]


def test_one_by_itself_is_alone() -> None:
    """D6: it need not go through a group, and holds up no other one then."""
    group = Group[int, int](Batches())
    with group.coming() as first:
        with group.coming() as second:
            assert not first.is_alone()
            assert not second.is_alone()
        assert first.is_alone()
        assert _put(group, 1) == 1


def test_what_is_refused_as_too_much_is_tried_again() -> None:
    """D8: with the next group, the others being done; too often, and it is told."""
    refusals = {3: 2, 5: 1 << 30}

    def answer(item: int) -> int | DriverError:
        refusals[item] = refusals.get(item, 0) - 1
        return RateLimited("busy", 0.0) if refusals[item] >= 0 else item

    batches = Batches(answer)
    group = Group[int, int](batches)
    tickets = {item: group.coming() for item in (1, 3, 5)}
    with ThreadPoolExecutor(3) as pool:
        under_way = {item: pool.submit(ticket.put, item) for item, ticket in tickets.items()}
        assert (under_way[1].result(), under_way[3].result()) == (1, 3)
        with pytest.raises(RateLimited):
            under_way[5].result()
    assert [item for batch in batches.done for item in batch].count(1) == 1


@pytest.mark.parametrize("error", [OutcomeUnknown("lost"), ValueError("a slip")])
def test_a_group_that_fails_fails_for_all(error: Exception) -> None:
    """D8: nobody waits for ever, and what is not known is not known of each."""

    def fail(_items: list[int]) -> list[int | DriverError]:
        raise error

    group = Group[int, int](fail)
    tickets = [group.coming() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(ticket.put, number) for number, ticket in enumerate(tickets)]
        wanted = OutcomeUnknown if isinstance(error, OutcomeUnknown) else DriverError
        assert {type(one.exception()) for one in under_way} == {wanted}


def test_the_thread_ends_when_nothing_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """D6: and another one begins with what comes later."""
    monkeypatch.setattr(groups, "_IDLE", 0.0)
    group = Group[int, int](Batches())
    assert _put(group, 1) == 1
    for thread in threading.enumerate():
        if thread.name == "group":
            thread.join(10)
    assert _put(group, 2) == 2
