"""What is kept of a file that is replaced, whatever becomes of the replacing (P1)."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from onitu_ssh import protocol as p
from onitu_ssh import staging
from onitu_ssh.channel import Lost, Refused
from onitu_ssh.observe import Approach
from onitu_ssh.protocol import Change, Status
from onitu_ssh.root import Root
from onitu_ssh.staging import Staged

from onitu.plug import Attributes, RevisionMismatch, Upload

KEPT = b".onitu/trash/now/a"
UPLOAD = Upload(path="a", expected="r", size=1, attributes=Attributes())


class Server:
    """Takes note of what is removed; stands for a channel and for a staged file on it."""

    place = b".onitu/tmp/b"

    def __init__(self) -> None:
        self.removed: list[bytes] = []
        self.sftp = self

    def remove(self, place: bytes) -> None:
        """Removes something."""
        self.removed.append(place)

    async def finish(self) -> Status:
        """Closes the staged file."""
        return Status(mode=0o100644, size=1, mtime=0, uid=0, gid=0)


@pytest.mark.parametrize(
    ("error", "removed"),
    [
        (Refused(p.FAILURE, "no"), [KEPT]),
        (RevisionMismatch("another"), [KEPT]),
        (Lost(), []),
        (asyncio.CancelledError(), []),
    ],
    ids=["refused", "changed", "lost", "cancelled"],
)
def test_the_copy_stays_unless_nothing_was_replaced(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, removed: list[bytes]
) -> None:
    """P1, D4: the copy of what is replaced is removed only where the server has said that it replaced nothing."""

    async def keep(*_: object) -> bytes:
        return KEPT

    async def change(*_: object) -> Change:
        return Change()

    async def rename(*_: object) -> None:
        raise error

    monkeypatch.setattr(staging, "_keep", keep)
    monkeypatch.setattr(staging, "_change_of_replacing", change)
    monkeypatch.setattr(staging, "_rename", rename)
    server = Server()
    nothing = cast("Root", None), cast("Staged", server), cast("Approach", None), cast("Status", server)

    with pytest.raises(type(error)):
        asyncio.run(staging.publish(*nothing, UPLOAD, {}))

    assert server.removed == removed
