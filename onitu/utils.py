"""Public helpers that drivers and tests of Onitu 0.1 already know: file ids, MIME types, installed drivers, signals.

They read nothing but their arguments, the installed packages and the shipped table: `get_mimetype` never asks the
system, so that two machines agree on the type of a name.
"""

from __future__ import annotations

import signal
import sys
import uuid
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final, ParamSpec

from onitu.core.media_types import media_type

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    TMPDIR: str
    """Where temporary files belong on this machine."""

P = ParamSpec("P")

NAMESPACE_ONITU: Final = uuid.UUID("bcd336f2-d023-4856-bc92-e79dd24b64d7")
"""The namespace of all file ids."""

IS_WINDOWS: Final = sys.platform == "win32"
"""Whether this is Windows."""

_EXIT_SIGNALS: Final = ("SIGILL", "SIGABRT", "SIGINT", "SIGTERM") if IS_WINDOWS else ("SIGINT", "SIGTERM", "SIGQUIT")


def __getattr__(name: str) -> str:
    # Finding the directory takes an import that costs every driver a twentieth of its start, and few ask for it.
    if name == "TMPDIR":
        import tempfile  # noqa: PLC0415  See above.

        return tempfile.gettempdir()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def get_fid(filename: str) -> str:
    """Returns the id under which the API shows a file.

    Args:
        filename: `<folder>/<path>`; in a setup of 0.1 the path alone.
    """
    return str(uuid.uuid5(NAMESPACE_ONITU, filename))


def get_mimetype(filename: str) -> str:
    """Returns the type of a file from its name alone, `application/octet-stream` where the table has none."""
    return media_type(filename)


def get_available_drivers() -> dict[str, EntryPoint]:
    """Returns the installed drivers by name; `load()` of one gives the package with its `start` and `plug`."""
    return {entry_point.name: entry_point for entry_point in entry_points(group="onitu.drivers")}


def at_exit(callback: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Calls the callback when the process is asked to end. To be called on the main thread.

    Replaces what these signals did before: whoever registers a callback also ends the process.

    Args:
        callback: Called with the arguments given here.
        args: Passed on.
        kwargs: Passed on.
    """

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        callback(*args, **kwargs)

    for name in _EXIT_SIGNALS:
        signal.signal(getattr(signal, name), on_signal)
