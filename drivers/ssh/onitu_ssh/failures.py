"""What a refusal of the server means to the core.

The protocol knows few reasons: whatever has none of its own is a "failure". Where it matters which one, whoever asked
looks again; here is what holds everywhere.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from onitu.plug import (
    DriverError,
    InvalidPath,
    Metadata,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    Unavailable,
    Unsupported,
)

from . import protocol as p
from .channel import Lost, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

P = ParamSpec("P")
R = TypeVar("R")

_TABLE: dict[int, type[DriverError]] = {
    p.NO_SUCH_FILE: NotFound,
    p.PERMISSION_DENIED: PermissionDenied,
    p.BAD_MESSAGE: InvalidPath,
    p.UNSUPPORTED: Unsupported,
}


def from_refusal(error: Refused, path: str) -> DriverError:
    """Returns the error to raise to the core.

    Args:
        error: What the server said.
        path: What it was about, relative to the folder.
    """
    # The disk or the server is in trouble that may pass.
    return _TABLE.get(error.code, Unavailable)(f"{path!r}: {error}")


@contextmanager
def done(path: str) -> Iterator[None]:
    """Says of a failure that it came when the change had been made already, whose answer it is not.

    Args:
        path: What was changed.

    Raises:
        OutcomeUnknown: Instead of whatever went wrong.
    """
    try:
        yield
    except (Refused, Lost, DriverError, ValueError) as error:
        raise OutcomeUnknown(f"{path!r} was changed, and what it is now is not known: {error}") from error


def is_missing(error: Refused) -> bool:
    """Tells whether a refusal means that there is nothing at a path."""
    return error.code == p.NO_SUCH_FILE


def looks(function: Callable[P, Coroutine[None, None, R]]) -> Callable[P, Coroutine[None, None, R]]:
    """Makes refusals errors of the contract; the first argument says what they are about."""
    return _said(function, Unavailable)


def changes(function: Callable[P, Coroutine[None, None, R]]) -> Callable[P, Coroutine[None, None, R]]:
    """Does the same for what changes something: when the connection is lost nobody knows whether it was done."""
    return _said(function, OutcomeUnknown)


def _said(
    function: Callable[P, Coroutine[None, None, R]], lost: type[DriverError]
) -> Callable[P, Coroutine[None, None, R]]:
    @functools.wraps(function)
    async def handler(*args: P.args, **kwargs: P.kwargs) -> R:
        about = args[0]
        path = about.filename if isinstance(about, Metadata) else ""
        try:
            return await function(*args, **kwargs)
        except Refused as error:
            raise from_refusal(error, path) from error
        except Lost as error:
            raise lost("the connection was lost") from error

    return handler
