"""The uploads that a service may be asked to take up again, in the store: one name for each file under way.

There is one only while a large file travels, or after that was interrupted; small files have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from onitu.core.node import Node, NodeId, Phase, ServiceName
from onitu.transfer.resume import Session, content_of

if TYPE_CHECKING:
    from onitu.store import Transaction

_ENCODER = msgspec.msgpack.Encoder()
_SESSION = msgspec.msgpack.Decoder(Session)


def find(transaction: Transaction, key: tuple[ServiceName, str], node: NodeId) -> Session | None:
    """Returns the upload of a node to a (service, folder), if one was left."""
    raw = transaction.meta(_prefix(key) + str(node))
    return _SESSION.decode(raw) if raw is not None else None


def keep(transaction: Transaction, key: tuple[ServiceName, str], node: NodeId, session: Session | None) -> None:
    """Remembers the upload of a node to a (service, folder), or that there is none any more."""
    transaction.set_meta(_prefix(key) + str(node), _ENCODER.encode(session) if session is not None else None)


def left(transaction: Transaction, key: tuple[ServiceName, str]) -> Iterator[tuple[NodeId, Session]]:
    """Yields the uploads to a (service, folder) that are remembered."""
    for node, raw in transaction.metas(_prefix(key)):
        yield int(node), _SESSION.decode(raw)


def is_wanted(node: Node | None, service: ServiceName, content: int) -> bool:
    """Returns whether a content is still to be brought to a service, as far as known.

    Args:
        node: What it is the content of.
        service: Where it is to be.
        content: Number of the version whose bytes they are.
    """
    if node is None or node.deleted or content_of(node.version) != content:
        return False
    state = node.services.get(service)
    if state is None or state.known is None or (state.intent is not None and state.intent.phase is Phase.SENT):
        return True
    held = node.versions.get(state.known.version)
    return held is None or content_of(held) != content


def _prefix(key: tuple[ServiceName, str]) -> str:
    service, folder = key
    return f"upload {service}\0{folder}\0"
