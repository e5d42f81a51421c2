"""Several handlers at work at once (CONTRACT D6)."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onitu.plug.parallel import Parallel


@pytest.fixture(params=[1, 4])
def parallel(request: pytest.FixtureRequest) -> Iterator[Parallel]:
    """With room for one, and for several."""
    made = Parallel(request.param)
    yield made
    made.close()


def test_answers_come_in_order(parallel: Parallel) -> None:
    """D6: whoever is done first, the first answer is that of the first item."""
    assert list(parallel.each(lambda number: number * 2, range(50))) == list(range(0, 100, 2))


def test_several_are_at_work_at_once() -> None:
    """D6: operations about different paths do not wait for each other."""
    together = threading.Barrier(3, timeout=10)
    made = Parallel(3)
    try:
        done = made.operations(lambda path: (together.wait(), path)[1], ["a", "b", "c"], lambda path: (path,))
    finally:
        made.close()

    assert done == ["a", "b", "c"]


@given(st.lists(st.sampled_from(["a", "a/b", "a/b/c", "a/d", "e", "e/f"]), max_size=30))
def test_what_is_about_one_place_keeps_its_order(paths: list[str]) -> None:
    """D6: a directory is made before what lies in it, and emptied before it is removed."""
    made = Parallel(4)
    done: list[tuple[int, str]] = []
    try:
        made.operations(done.append, list(enumerate(paths)), lambda operation: (operation[1],))
    finally:
        made.close()

    place = {number: position for position, (number, _) in enumerate(done)}
    for later, path in enumerate(paths):
        for earlier, other in enumerate(paths[:later]):
            if path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/"):
                assert place[earlier] < place[later], (paths, done)
