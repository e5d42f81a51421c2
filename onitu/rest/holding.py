"""What waits for a person, as bodies; `onitu holds --json` prints the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onitu.rest.filebodies import Halt, Hold, Holds

if TYPE_CHECKING:
    from onitu.rest.desk import Halted, Held


def holds_of(held: Sequence[Held], halted: Sequence[Halted], *, most: int | None) -> Holds:
    """Returns the body of what is held and halted.

    Args:
        held: Folders of which something is held.
        halted: Folders whose root is missing, or another one.
        most: Paths of a hold that are named, at most; None for all.
    """
    return Holds(
        halts=[Halt(service=one.service, folder=one.folder, reason=one.reason) for one in halted],
        holds=[
            Hold(
                service=one.service,
                folder=one.folder,
                since=one.hold.since_ns / 1e9,
                reason=one.hold.reason,
                order=one.order.value if one.order is not None else None,
                count=len(one.paths),
                paths=list(one.paths[:most]),
            )
            for one in held
        ],
    )
