"""Safeguards taken away, one at a time: a simulation that finds nothing then would prove nothing.

Each is a switch that exists only here: functions of Onitu replaced for the time of a run by those of `switches`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest import mock

import attrs

import onitu.core.absence
import onitu.core.admission
import onitu.core.conflict
import onitu.core.content
import onitu.core.derive
import onitu.core.indexed
import onitu.core.lifecycle
import onitu.core.moves
import onitu.core.reconcile
import onitu.referee.asker
import onitu.referee.guard
import onitu.referee.ingest
import onitu.referee.mover
import onitu.referee.observer
import onitu.store.examine
import onitu.transfer.digest
import tests.simulation.client
from onitu.core.compare import Equality
from onitu.core.plan import Planner
from onitu.core.scope import Member
from onitu.core.steps import Steps
from onitu.referee.link import Link
from onitu.referee.observer import Observer
from onitu.supervisor.life import Life
from tests.property.service import SimulatedService
from tests.simulation import switches
from tests.simulation.core import Core
from tests.simulation.histories import draw_history
from tests.simulation.properties import OWN_ERROR
from tests.simulation.run import Result, run
from tests.simulation.scenario import Scenario, draw
from tests.simulation.stream import Stream
from tests.simulation.switches import Patch

#: Seeds after which a mutation counts as not caught.
MOST_SEEDS = 2_000


@attrs.frozen(kw_only=True)
class Mutation:
    """A safeguard taken away.

    Attributes:
        name: What is wrong with the algorithm then.
        patches: What is replaced: an object, a name and the new value.
        forgiving: Whether services do not compare expectations.
        verifying: Whether services verify what they are sent.
        history: The directed history it is looked for in; "none": whatever a seed brings.
    """

    name: str
    patches: tuple[Patch, ...] = ()
    forgiving: bool = False
    verifying: bool = True
    history: str = "none"

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Takes the safeguard away for a while."""
        with contextlib.ExitStack() as stack:
            for target, name, value in self.patches:
                stack.enter_context(mock.patch.object(target, name, value))
            yield

    def scenario(self, seed: int) -> Scenario:
        """Returns what a seed stands for where this one is looked for."""
        return draw(seed) if self.history == "none" else draw_history(self.history, seed)

    def run(self, scenario: Scenario) -> Result:
        """Runs a scenario without the safeguard."""
        with self.applied():
            return run(scenario, forgiving=self.forgiving, verifying=self.verifying)

    def hunt(self, most: int = MOST_SEEDS, *, first: int = 0) -> tuple[int, Result] | None:
        """Returns how many seeds it took to find it, and what was found; None if that was too many.

        A seed that fails with the safeguard as well shows nothing, and neither does an error in what is in its place.
        """
        for count in range(most):
            scenario = self.scenario(first + count)
            result = self.run(scenario)
            broken = result.violation is not None and OWN_ERROR not in result.violation
            if broken and run(scenario).violation is None:
                return count + 1, result
        return None


MUTATIONS = (
    Mutation(name="a mutation without a precondition", history="raced edit", forgiving=True),
    Mutation(
        name="no barrier: a second mutation is stacked on an unknown outcome",
        history="doubt",
        patches=switches.without_barrier(),
    ),
    Mutation(
        name="no intent line: our own write that landed is taken for an edit",
        history="doubt",
        patches=((onitu.core.reconcile, "settle_intent", switches.without_intent_line),),
    ),
    Mutation(
        name="a torn listing derives deletes",
        history="torn",
        patches=((Observer, "_listed", switches.torn_is_complete),),
    ),
    Mutation(
        name="a conflict name is reused though its copy was edited",
        history="kept copy",
        patches=((onitu.core.conflict, "_keeps", lambda copy, _version: not copy.deleted),),
    ),
    Mutation(
        name="the revision of what was seen is expected, not that of the base",
        history="undecided edit",
        patches=((Planner, "_ready", switches.although_undecided), (Steps, "_expected", switches.seen_is_expected)),
    ),
    Mutation(name="an old observation is believed", patches=(switches.every_observation(switches.newest),)),
    Mutation(
        name="what was not decided before a crash is skipped after it",
        patches=((onitu.referee.asker, "settle", switches.only_gone),),
    ),
    Mutation(
        name="the base advances before Sync",
        history="power cut",
        patches=((onitu.referee.mover, "answered", switches.durable_at_once),),
    ),
    Mutation(
        name="a power cut is taken for a restart",
        history="power cut",
        patches=((Core, "__init__", switches.never_rebooted),),
    ),
    Mutation(
        name="the winner replaces the loser before that is held elsewhere",
        patches=((Steps, "_kept", lambda _self, _held: True),),
    ),
    Mutation(
        name="absence is decided per directory, not once all was seen",
        history="moved while away",
        patches=((onitu.referee.observer, "take_listings", switches.absence_at_once),),
    ),
    Mutation(
        name="a recursive delete",
        history="deleted directory",
        patches=((SimulatedService, "_change", switches.recursive), (Steps, "_delete", switches.with_content)),
    ),
    Mutation(
        name="a name is taken though somebody has it",
        history="two cases",
        patches=((Steps, "_vacates", lambda _self, _node, _occupant, _place: True),),
    ),
    Mutation(
        name="racily clean entries are taken for clean",
        history="same second",
        patches=(switches.every_observation(switches.never_racy),),
    ),
    Mutation(
        name="a digest clears what is racy while its moment lasts",
        history="same second, read",
        patches=((onitu.transfer.digest, "_is_racy", switches.never_racy_again),),
    ),
    Mutation(
        name="a tombstone expires before all services have it",
        patches=((onitu.core.indexed.IndexedTree, "put", switches.early_expiry),),
    ),
    Mutation(
        name="a move is not matched",
        history="rename",
        patches=((onitu.core.reconcile, "mover", switches.nothing),),
    ),
    Mutation(
        name="a deletion counts before a move can show itself",
        history="slow renames",
        patches=((Link, "settle_after", switches.settled_at_once),),
    ),
    Mutation(
        name="too many losses at once are not held",
        history="mass deletion",
        patches=((onitu.referee.guard, "excess", switches.nothing),),
    ),
    Mutation(
        name="a restored backup is taken for edits",
        history="restored backup",
        patches=((onitu.referee.guard, "rollbacks", lambda *_: set()),),
    ),
    Mutation(
        name="unknown is taken for absent",
        history="torn",
        patches=(switches.every_observation(switches.unknown_is_absent),),
    ),
    Mutation(
        name="absence is decided though the second look had no answer",
        history="blink",
        patches=((onitu.referee.asker, "settle", switches.although_unknown),),
    ),
    Mutation(name="delete beats edit", patches=((onitu.core.lifecycle, "revive", switches.nothing),)),
    Mutation(name="what was sent is not verified", verifying=False),
    Mutation(
        name="the digest of a file read in part is believed",
        patches=((onitu.transfer.digest, "read_content", switches.any_length),),
    ),
    Mutation(
        name="a later absence overtakes the rename that explains it",
        history="crossed rename",
        patches=(
            (
                onitu.referee.ingest,
                "_concerns",
                lambda observation, waiting: observation.path.startswith(waiting),
            ),
            (onitu.core.reconcile, "_take_in", switches.late_is_dropped),
        ),
    ),
    Mutation(name="what had no answer is never asked again", patches=((Link, "retry", switches.nothing),)),
    Mutation(
        name="an undecided entry leaves its directory's fingerprint alone",
        history="gone at once",
        patches=(
            (onitu.core.indexed, "fingerprint_parts", switches.only_settled),
            (onitu.core.derive, "fingerprint_parts", switches.only_settled),
            (onitu.store.examine, "fingerprint_parts", switches.only_settled),
        ),
    ),
    Mutation(
        name="the cursor is kept before what it covers",
        history="kept cursor",
        patches=((Observer, "_batch", switches.cursor_first),),
    ),
    Mutation(
        name="a root that is not the one that is known is taken for it",
        patches=((Life, "_check_roots", lambda *_: set()), (Stream, "lose_root", switches.nothing)),
    ),
    Mutation(
        name="what was looked for under an old name is gone",
        history="slow rename above",
        patches=((onitu.referee.asker, "find_overtaken", switches.missed_since),),
    ),
    Mutation(
        name="what went with its directory is gone",
        history="slow rename above",
        patches=((onitu.referee.asker, "find_above", lambda *_: {}),),
    ),
    Mutation(
        name="what is not found is absent, whatever became of the root",
        history="lost root",
        patches=((tests.simulation.client, "observed", SimulatedService.stat),),
    ),
    Mutation(
        name="a directory that was deleted does not come back for what is moved into it",
        patches=((onitu.core.moves, "revive_directory", switches.nothing),),
    ),
    Mutation(
        name="a directory is deleted though something new lives in it",
        history="filled directory",
        patches=((onitu.core.absence, "_has_children", lambda *_: False),),
    ),
    Mutation(
        name="an equal file is copied as a conflict",
        history="equal files",
        patches=((onitu.core.content, "same_bytes", lambda *_: Equality.DIFFERENT),),
    ),
    Mutation(
        name="a rename that is told late is dropped",
        history="late rename",
        patches=((onitu.core.reconcile, "_take_in", switches.late_is_dropped),),
    ),
    Mutation(
        name="what is not told of an old name counts as still there",
        history="untold rename",
        patches=((onitu.core.reconcile, "bound", switches.untold_is_unmoved),),
    ),
    Mutation(
        name="what is written to where no times are kept is not on record before",
        history="unheard source",
        patches=((onitu.referee.mover, "announcer", switches.nothing),),
    ),
    Mutation(
        name="a listing that lags behind is believed",
        history="old listing",
        patches=((onitu.core.reconcile, "_take_in", switches.nothing_retired),),
    ),
    Mutation(
        name="what was seen before a mutation tells what became of it",
        history="late news",
        patches=((onitu.core.reconcile, "settle_intent", switches.always_fresh),),
    ),
    Mutation(
        name="a scope change derives deletions: what leaves it is not let go of",
        history="narrowed",
        patches=((onitu.core.admission, "leave_alone", lambda *_: False),),
    ),
    Mutation(
        name="names are compared letter by letter where the service does not",
        history="another case",
        patches=((Member, "key", lambda _self, name: name),),
    ),
)
