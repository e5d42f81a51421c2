"""Takes observations in, whoever brings them: a stream, an answer, a second look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onitu.core.model import Observation, State, Unknown
from onitu.core.tree import Settle
from onitu.referee.ingest import Taken, take_observations
from onitu.referee.looking import look

if TYPE_CHECKING:
    from onitu.referee.link import Link
    from onitu.store import Transaction


async def take(link: Link, observations: list[Observation], *, later: bool = False, asked: int | None = None) -> int:
    """Takes in observations, commits what is decided, and has done what that asks for.

    An observation that may be a known entry under a new name waits until its old place has been looked at.

    Args:
        link: Who shows them.
        observations: In their order.
        later: They come from a snapshot: live changes go first.
        asked: `Link.doubts` when they were asked for; None where the service told them by itself.

    Returns:
        How many entries were missed; what became of them is decided later.

    Raises:
        DriverError: Another path could not be looked at.
        StoreError: Nothing could be committed.
    """
    referee = link.referee
    probed: dict[str, State] = {}
    missed = 0
    while observations:

        def work(transaction: Transaction, waiting: list[Observation] = observations) -> Taken:
            unit = referee.work(transaction, link.folder)
            if asked is not None:
                unit.overtaken = link.overtaken(asked)
            before = set(transaction.changed) if referee.failures else None
            mark = transaction.next_number
            taken = take_observations(unit, link.service, waiting, probed=probed, fresh=asked is not None)
            if link.mark is None and (taken.missed or any(isinstance(effect, Settle) for effect in taken.effects)):
                link.mark = mark
            if before is not None:
                referee.failures.clear_changed(transaction.changed.keys() - before)
            return taken

        taken = await referee.writer.write(work, later=later)
        missed += taken.missed
        referee.release(link.folder, taken.effects)
        observations = taken.deferred
        if taken.probes:
            seen = await look(link, list(taken.probes))
            probed.update((observation.path, observation.state) for observation in seen)
            for path in taken.probes:
                probed.setdefault(path, Unknown("not answered"))
            if link.capabilities.stat_files and any(isinstance(probed[path], Unknown) for path in taken.probes):
                # What hangs on that can be taken in again, whatever is made of it now.
                link.doubtful.update(dict.fromkeys(observation.path for observation in observations))
                link.retry()
    return missed
