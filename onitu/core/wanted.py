"""What people ask for, as values that are sent to a running core; of the trash also kept until one runs."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from onitu.core.model import Kept
from onitu.core.node import ServiceName


class RestoreCopy(msgspec.Struct, frozen=True, kw_only=True, tag="restore-copy", tag_field="request"):
    """Brings a retained copy back.

    Attributes:
        folder: Its folder.
        service: Where it is written.
        kept: The copy.
        keeper: The service in whose trash it lies; "" for the data directory.
        path: The path it is written to, as the service spells it.
        replace: Whether what is there is replaced, which is retained itself; otherwise a name beside it is taken.
    """

    folder: str
    service: ServiceName
    kept: Kept
    keeper: ServiceName
    path: str
    replace: bool = False


class EmptyTrash(msgspec.Struct, frozen=True, kw_only=True, tag="empty-trash", tag_field="request"):
    """Removes retained copies for good.

    Attributes:
        folder: Of this folder.
        service: That lay on this service.
        path: Only what had this path or lay below it; "" is everything.
        before_ns: Only what was kept before this time, nanoseconds since 1970.
    """

    folder: str
    service: ServiceName
    path: str
    before_ns: int


class RepairFile(msgspec.Struct, frozen=True, kw_only=True):
    """Has a file written again whose content has changed without a trace.

    Attributes:
        service: Where.
        folder: The folder.
        path: Its path there.
        revision: The revision it shows.
    """

    service: ServiceName
    folder: str
    path: str
    revision: str


Wanted: TypeAlias = RestoreCopy | EmptyTrash
