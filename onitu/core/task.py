"""The values a plan is made of: tasks, where their bytes come from, and what hinders them."""

from __future__ import annotations

import enum

import attrs
import msgspec

from onitu.core.node import Action, NodeId, ServiceName, Version


class Source(msgspec.Struct, frozen=True, gc=False):
    """Where the bytes of a version can be had.

    Attributes:
        service: The service.
        node: The node that holds them there; another one than the target's for a conflict copy.
        path: Its path there.
        revision: The revision that has to be there.
    """

    service: ServiceName
    node: NodeId
    path: str
    revision: str


class Task(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One mutation of one service.

    Attributes:
        node: What it is about.
        action: What is done.
        path: Where, as the service spells it.
        expected: The revision that must be there, or None for nothing.
        destination: For a move, where to.
        version: The version the service holds afterwards; for a deletion the one that is removed.
        source: For a write, where its bytes are.
        held: The version that is there now, as far as known.
        extra: What the driver wanted kept for what is there now.
    """

    node: NodeId
    action: Action
    path: str
    expected: str | None = None
    destination: str = ""
    version: Version
    source: Source | None = None
    held: Version | None = None
    extra: bytes = b""


class Obstacle(enum.Enum):
    """Why a node cannot be brought up to date now, where a person should know."""

    COLLISION = "another entry has a name that the service cannot tell from this one"
    UNMANAGED = "something that Onitu does not synchronise is in its place"
    NO_DELETION = "it was deleted elsewhere, and this service cannot delete"
    NO_SYMLINKS = "it is a symbolic link, and this service cannot hold one"
    LINK_LEADS_OUT = "it is a symbolic link that leads out of the folder from here"
    NO_SOURCE = "no service that holds this version can be read now"


@attrs.define
class Plan:
    """What came out.

    Attributes:
        tasks: What to do, in order.
        obstacles: What cannot be done, and why.
        paths: The paths of those in the head tree.
        bytes: Content to be moved by the tasks.
        next: The candidate to go on with, or None if all were looked at.
        needs_sync: Something waits for what is already written to become durable.
    """

    tasks: list[Task] = attrs.Factory(list)
    obstacles: dict[NodeId, Obstacle] = attrs.Factory(dict)
    paths: dict[NodeId, str] = attrs.Factory(dict)
    bytes: int = 0
    next: NodeId | None = None
    needs_sync: bool = False
