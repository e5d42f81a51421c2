"""What the tasks of one folder on one service tell each other."""

from __future__ import annotations

import math
from typing import Any, cast

import trio

from onitu.core.capability import Limits
from onitu.core.model import Absent, Observation
from onitu.errors import OutcomeUnknown, RevisionMismatch
from onitu.referee import Link
from onitu.referee.hours import Hours
from onitu.referee.link import LONGEST_TELLING, QUIET, SETTLE_DELAY
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


async def test_nothing_missed_is_decided_about_while_the_stream_tells_more(autojump_clock: object) -> None:
    """P18: of a rename, the new name may be told after much else; but a stream that never ends is not waited for."""
    assert autojump_clock
    link = new_link()
    assert link.settles_at == math.inf
    link.settle_after(SETTLE_DELAY)
    assert link.settles_at == trio.current_time() + SETTLE_DELAY

    await trio.sleep(SETTLE_DELAY)
    link.told = trio.current_time()
    assert link.settles_at == trio.current_time() + QUIET

    begun = trio.current_time() - SETTLE_DELAY
    link.told = math.inf
    assert link.settles_at == begun + SETTLE_DELAY + LONGEST_TELLING
