"""What is known of a path as a body; `onitu why --json` prints the same."""

from __future__ import annotations

from onitu.core.why import Explanation
from onitu.rest.filebodies import Head, Verdict, Why


def why_of(explanation: Explanation) -> Why:
    """Returns the body of an explanation."""
    head = explanation.head
    return Why(
        folder=explanation.folder,
        path=explanation.path,
        head=None
        if head is None
        else Head(
            version=head.number,
            kind=head.kind.name.lower(),
            size=head.size,
            mtime_ns=head.mtime_ns,
            origin=head.origin,
            digests={name: digest.hex() for name, digest in sorted(head.digests.items())},
            deleted=explanation.deleted,
        ),
        services=[
            Verdict(name=one.service, standing=one.standing.value, reason=one.reason, path=one.path)
            for one in explanation.verdicts
        ],
    )
