"""Keeps the last events over a restart, so that who follows goes on where they were.

They lie beside the records, with the number of the last transaction. What a core that was killed has left, or what
others have written meanwhile, is not known: then there are none, and who follows is told to load everything anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from onitu.errors import OnituError
from onitu.events import Events, Kept
from onitu.log import get_logger

if TYPE_CHECKING:
    from onitu.store import Store

#: Name of the file in the data directory.
NAME = "events"


class _File(msgspec.Struct, frozen=True, array_like=True):
    """The file.

    Attributes:
        transaction: Number of the last transaction.
        kept: The events.
    """

    transaction: int
    kept: Kept


_DECODER = msgspec.msgpack.Decoder(_File)


def kept_events(store: Store) -> Kept | None:
    """Returns what the last core has left, and takes it away: a core that is killed leaves nothing.

    Args:
        store: The records, before anything is written.
    """
    path = store.directory / NAME
    try:
        found = _DECODER.decode(path.read_bytes())
        path.unlink()
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        get_logger().warning("events_lost", error=str(error))
        return None
    return found.kept if found.transaction == store.last_transaction else None


def keep_events(store: Store, events: Events) -> None:
    """Keeps what the next core goes on from. Nothing is lost with it but time."""
    kept = events.keep()
    if kept is None:
        return
    try:
        (store.directory / NAME).write_bytes(msgspec.msgpack.encode(_File(store.last_transaction, kept)))
    except (OSError, OnituError) as error:
        get_logger().warning("events_lost", error=str(error))
