"""Says in words why a path is where it is, and where it is not: for a person who asks (`onitu why`).

It changes nothing and decides nothing; it reads what the deciding functions have left and repeats their questions.
"""

from __future__ import annotations

import enum

import attrs

from onitu.core.admission import exclusion, refusal
from onitu.core.model import Kind, Present
from onitu.core.node import Action, Gone, Node, NodeId, Phase, ServiceName, ServiceState, Version
from onitu.core.tree import Work


class Standing(enum.Enum):
    """How a service stands to a path, in a word."""

    UP_TO_DATE = "up to date"
    BEHIND = "behind"
    UNDER_WAY = "under way"
    UNDECIDED = "undecided"
    CONFLICTING = "keeps the other content"
    DRIFTED = "drifted"
    UNMANAGED = "left alone"
    OUTSIDE = "does not get it"
    LEAVING = "to be taken away"
    ABSENT = "does not have it"


@attrs.frozen
class Verdict:
    """One service and a path.

    Attributes:
        service: Its name.
        standing: How it stands to the path.
        reason: Which filter, mode, rule or event decides, for a person.
        path: Where it has the entry, if that is another path than was asked for.
    """

    service: ServiceName
    standing: Standing
    reason: str
    path: str = ""


@attrs.frozen
class Explanation:
    """All that is known of a path.

    Attributes:
        folder: The folder.
        path: The path in it.
        head: What every service should have, or None where nothing is known of the path.
        deleted: The head is a deletion that some service has not followed yet.
        verdicts: One per service of the folder, in the order of the setup.
    """

    folder: str
    path: str
    head: Version | None
    deleted: bool
    verdicts: tuple[Verdict, ...]


def explain(work: Work, path: str) -> Explanation:
    """Returns why a path is where it is.

    Args:
        work: The unit of work; nothing is changed.
        path: The path in the folder.
    """
    node = _find(work, path)
    verdicts = tuple(
        _unknown(work, service, path) if node is None else _verdict(work, service, path, node)
        for service in work.scope.members
    )
    head = node.version if node is not None and node.versions else None
    return Explanation(work.scope.folder, path, head, node is not None and node.deleted, verdicts)


def _find(work: Work, path: str) -> Node | None:
    """Returns the node at a path: that of the head tree, else one that some service still has there."""
    current: NodeId | None = work.scope.root
    for part in path.split("/"):
        current = work.tree.child(current, part) if current is not None else None
    if current is None:
        found = (work.at(service, path) for service in work.scope.members)
        current = next((one for one in found if one is not None), None)
    return work.tree.find(current) if current is not None else None


def _unknown(work: Work, service: ServiceName, path: str) -> Verdict:
    """Says what would become of a path of which nothing is known."""
    directory = refusal(work.scope, service, path, Present(kind=Kind.DIRECTORY, revision="-"))
    why = directory or refusal(work.scope, service, path, Present(kind=Kind.FILE, revision="-"))
    if why is not None:
        return Verdict(service, Standing.UNMANAGED, why.text)
    if not work.member(service).readable:
        return Verdict(service, Standing.ABSENT, "its mode does not allow reading: what lies there does not count")
    return Verdict(service, Standing.ABSENT, "nothing was seen at this path")


def _verdict(work: Work, service: ServiceName, path: str, node: Node) -> Verdict:
    """Says how a service stands to a node."""
    state = node.services.get(service)
    where = work.path_on(service, state.place) if state is not None and state.place is not None else None
    standing, reason = _standing(work, service, node, state)
    return Verdict(service, standing, reason, where if where is not None and where != path else "")


def _standing(work: Work, service: ServiceName, node: Node, state: ServiceState | None) -> tuple[Standing, str]:
    """Returns how a service stands to a node, and why."""
    member = work.member(service)
    why = None if node.deleted else exclusion(work.scope, service, work.head_path(node), node)
    if state is not None and state.intent is not None and state.intent.phase is Phase.SENT:
        return Standing.UNDER_WAY, f"{_DOING[state.intent.action]}; what became of it is not known yet"
    if state is not None and state.seen is not None and state.seen.reason and state.present:
        return Standing.UNMANAGED, state.seen.reason
    if why is not None:
        if state is not None and state.known is not None:
            return Standing.LEAVING, why.text
        return Standing.OUTSIDE, why.text
    if state is not None and (state.gone is not Gone.NO or (not state.decided and member.readable)):
        return Standing.UNDECIDED, "missed there, and looked for again" if state.gone else _waits(state)
    known = state.known if state is not None else None
    if state is not None and state.drift:
        return (
            Standing.DRIFTED,
            "it was changed there, where the mode does not allow reading; a new version replaces it",
        )
    if node.deleted:
        return (
            (Standing.ABSENT, "it is deleted")
            if known is None
            else (Standing.BEHIND, _to_do(member.writable, "delete"))
        )
    if state is not None and known is not None and known.version == node.head and known.place == node.place:
        return Standing.UP_TO_DATE, _holds(node, state)
    lost = node.versions.get(known.version) if known is not None else None
    if lost is not None and lost.kept_as is not None:
        copy = work.tree.find(lost.kept_as)
        name = work.head_path(copy) if copy is not None else "its conflict copy"
        return Standing.CONFLICTING, f"until '{name}' is held there"
    verb = "write" if known is None or known.version != node.head else "move"
    return Standing.BEHIND, _to_do(member.writable, verb)


def _holds(node: Node, state: ServiceState) -> str:
    """Says how well it is known that a service holds the head."""
    if state.unverified == node.head:
        return "holds a file of this size and time; its content was never compared"
    return "holds this version" if state.base is not None else "holds this version; not yet flushed to its disk"


def _waits(state: ServiceState) -> str:
    """Says what an undecided entry waits for."""
    if state.known is None:
        return "first contact: contents are being compared"
    return "changed there; what it holds is being looked at"


def _to_do(writable: bool, verb: str) -> str:  # noqa: FBT001 - read in place
    return f"to {verb} when its turn comes" if writable else "its mode does not allow writing"


_DOING = {
    Action.WRITE: "being written",
    Action.COPY: "being copied",
    Action.MOVE: "being moved",
    Action.DELETE: "being deleted",
    Action.MAKE_DIRECTORY: "being made",
    Action.SET_ATTRIBUTES: "getting other attributes",
}
