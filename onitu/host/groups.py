"""One failure out of a nursery, for callers who never saw the nursery.

A context manager that keeps a nursery inside lets every exception of its caller's block out wrapped in a group. The
nursery is nobody's business but ours, so what is single comes out as it went in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import trio


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """Yields the exceptions of a group and the groups in it, but for cancellations."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        elif not isinstance(error, trio.Cancelled):
            yield error


def sole_error(group: BaseExceptionGroup[BaseException]) -> BaseException | None:
    """Returns the only exception of a group that is no cancellation, or None if there are several or none."""
    errors = list(leaves(group))
    return errors[0] if len(errors) == 1 else None


@contextmanager
def collapsed() -> Iterator[None]:
    """Lets the only failure within its block out without its groups; several ones stay a group."""
    try:
        yield
    except BaseExceptionGroup as group:
        error = sole_error(group)
        if error is None:
            raise
        raise_alone(error)


def raise_alone(error: BaseException) -> None:
    """Raises `error` as if there had never been a group: the group must not become its context, which it contains."""
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context
        del error, context
