"""What the tasks of one folder on one service tell each other."""

from __future__ import annotations

from typing import Any, cast

from onitu.core.capability import Limits
from onitu.core.model import Absent, Observation
from onitu.errors import OutcomeUnknown, RevisionMismatch
from onitu.referee import Link
from onitu.referee.hours import Hours
from onitu.transfer.pace import Pace


class Client:
    """A driver that nobody calls."""

    limits = Limits()


def new_link() -> Link:
    """Returns a link that nobody uses."""
    return Link(
        cast("Any", None),
        service="far",
        folder="docs",
        client=cast("Any", Client()),
        generation=1,
        local_root=None,
        velocity=1.0,
        pace=Pace(),
        hours=Hours(),
    )


async def test_an_answer_may_be_older_than_what_ended_after_the_question() -> None:
    """P13: only a question that was asked after a mutation of unknown outcome tells what became of it."""
    link = new_link()
    asked = link.doubts
    done = Observation("c", Absent(), 1)
    link.note_doubts([(1, OutcomeUnknown("no answer")), (2, RevisionMismatch("not done")), (3, done)])

    assert link.overtaken(asked) == {1}
    assert link.overtaken(link.doubts) == set()
