"""Records the digest of what is about to be written, where nothing else would tell that from an edit.

Should no answer come, because of a crash or a lost connection, what lies there is compared with what was sent. Most
versions have no digest before their first copy is answered, and the source may be another by then. Mostly the
modification time that we gave it tells; a service that keeps none is told nothing before its digest is on disk.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from onitu.core.answers import sending
from onitu.errors import StoreError, Unavailable

if TYPE_CHECKING:
    from onitu.core.tree import Effect
    from onitu.referee.link import Link
    from onitu.store import Transaction
    from onitu.transfer.perform import Sent


def announcer(link: Link) -> Callable[[Sent], Awaitable[None]] | None:
    """Returns what records the digests of bytes that are about to be there; None where times tell.

    Args:
        link: The folder on the service that is written to.
    """
    if link.capabilities.keeps_times:
        return None
    referee = link.referee

    async def announce(sent: Sent) -> None:
        def work(transaction: Transaction) -> list[Effect]:
            unit = referee.work(transaction, link.folder)
            for node, digests in sent.items():
                sending(unit, link.service, node, digests)
            return unit.effects

        try:
            effects = await referee.writer.write(work)
        except StoreError as error:
            message = f"it is not written, since that cannot be recorded: {error}"
            raise Unavailable(message) from error
        referee.release(link.folder, effects)

    return announce
