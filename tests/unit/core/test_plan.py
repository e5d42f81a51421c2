"""What has to be done, and in which order it can be done."""

from __future__ import annotations

import attrs

from onitu.core.capability import Capabilities, Mode, NameComparison
from onitu.core.model import Absent, Inadmissible, Kind, Present
from onitu.core.node import Action, Node, Phase
from onitu.core.plan import Obstacle, Planner
from onitu.core.reconcile import decide
from onitu.core.scope import Member
from onitu.core.task import Source
from onitu.errors import NotFound, OutcomeUnknown, RevisionMismatch
from tests.unit.core.desk import DIRECTORY, Desk, file


def ids(number: int) -> Present:
    """Returns a directory with an id."""
    return Present(kind=Kind.DIRECTORY, revision=f"d{number}", native_id=f"n{number}")


def test_a_directory_comes_before_what_lies_in_it() -> None:
    """Tasks can be done one after the other, whatever order the nodes have."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("f"))
    desk.show("A", "d", DIRECTORY)
    desk.show("A", "d/e", DIRECTORY)
    desk.show("A", "f", Absent())
    desk.show("A", "d/e/f", file("f"), moved_from="f")

    paths = [task.path for task in desk.plan("B").tasks]

    assert paths == ["d", "d/e", "d/e/f"]


def test_children_go_before_their_directory() -> None:
    """A directory is deleted when nothing is left in it."""
    desk = Desk("A", "B")
    for path in ("d", "d/e"):
        desk.have(path, None)
    desk.have("d/e/f", "f")

    desk.lose("A", "d")

    assert desk.bring() == [("B", "DELETE", "d/e/f"), ("B", "DELETE", "d/e"), ("B", "DELETE", "d")]


def test_every_task_expects_what_is_in_base() -> None:
    """Writes expect the revision that was decided about, creations nothing at all."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    desk.show("A", "g", file("g"))

    expected = {task.path: task.expected for task in desk.plan("B").tasks}

    assert expected == {"f": "old", "g": None}


def test_a_rename_is_one_move() -> None:
    """P18: a directory with all that lies in it is moved at once, and 0 bytes go anywhere."""
    desk = Desk("A", "B")
    desk.show("A", "d", ids(1))
    for number in range(20):
        desk.show("A", f"d/{number}", file(str(number)))
    desk.bring()

    desk.show("A", "e", ids(1), moved_from="d")
    plan = desk.plan("B")

    assert [(task.action, task.path, task.destination) for task in plan.tasks] == [(Action.MOVE, "d", "e")]
    assert plan.bytes == 0


def test_a_swap_steps_aside() -> None:
    """Two entries that take each other's names: one gives way for a moment."""
    desk = Desk("A", "B")
    desk.show("A", "f", _with_id(1))
    desk.show("A", "g", _with_id(2))
    desk.bring()
    desk.show("A", "f", _with_id(2), probed={"g": _with_id(1)})
    desk.show("A", "g", _with_id(1))

    done = desk.bring("B")

    assert [action for _, action, _ in done] == ["MOVE", "MOVE", "MOVE"]
    assert desk.heads() == {"f": "r2", "g": "r1"}


def test_an_entry_moves_into_the_directory_that_takes_its_name() -> None:
    """It gives way, the directory is made, and then it goes in."""
    desk = Desk("A", "B")
    desk.have("d", "content")
    desk.show("A", "other", Absent())
    desk.show("A", "x", file("content"), moved_from="d")
    desk.show("A", "d", DIRECTORY)
    desk.show("A", "d/f", file("content"), moved_from="x")

    done = desk.bring("B")

    assert [action for _, action, _ in done] == ["MOVE", "MAKE_DIRECTORY", "MOVE"]
    assert desk.heads() == {"d": None, "d/f": "content"}


def test_deep_trees_and_long_chains() -> None:
    """Thousands of levels, and thousands of names that each take the next one's, are planned without recursion."""
    desk = Desk("A", "B")
    path = ""
    for _ in range(400):
        path = f"{path}/d" if path else "d"
        desk.show("A", path, DIRECTORY)
    assert len(desk.bring("B")) == 400
    desk.lose("A", "d")
    assert len(desk.bring("B")) == 400
    for number in range(400):
        desk.show("A", f"{number}", file(f"{number:05}"))
    desk.bring()

    for number in reversed(range(400)):
        desk.show("A", f"{number + 1}", file(f"{number:05}"), moved_from=f"{number}")

    assert {action for _, action, _ in desk.bring("B")} == {"MOVE"}


def test_a_long_chain_seen_from_its_beginning() -> None:
    """A listing shows the first of the chain first: each waits for the next one's name, and the last one frees all."""
    desk = Desk("A", "B")
    count = 400
    for number in range(count):
        desk.show("A", f"{number}", _with_id(number))
    desk.bring()

    for number in range(count):
        probed = {f"{other}": _with_id(other - 1) for other in range(1, count)} | {"0": Absent()}
        desk.show("A", f"{number + 1}", _with_id(number), probed=probed)
    for node in list(desk.tree.awaiting("A", "f")):
        decide(desk.work, "A", desk.tree.node(node))

    assert [action for _, action, _ in desk.bring("B")] == ["MOVE"] * count


def _with_id(number: int) -> Present:
    return Present(kind=Kind.FILE, revision=f"r{number}", native_id=f"n{number}", size=5, mtime_ns=number)


def test_nothing_is_stacked_on_an_unknown_outcome() -> None:
    """The barrier: an entry with a mutation that may have been done is left alone until it is observed."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("torn"))
    desk.show("A", "f", file("newer"))

    assert desk.plan("B").tasks == []
    desk.show("B", "f", file("new"), fresh=True)
    assert [task.expected for task in desk.plan("B").tasks] == ["new"]


def test_a_refused_mutation_is_looked_at_again() -> None:
    """A mismatch forgets the intent and asks; nothing is planned on what was only assumed."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks

    desk.answer("B", task, RevisionMismatch("f"))

    assert desk.node("f").services["B"].intent is None
    desk.show("B", "f", file("mine"), fresh=True)
    assert len(desk.heads()) == 2


def test_undecided_entries_are_left_alone() -> None:
    """While what is seen is not decided about, nothing is planned for it."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("B", "f", file("odd", "b1", digest=False))
    desk.show("A", "f", file("new"))

    assert desk.plan("B").tasks == []


def test_a_name_that_something_may_have_is_left_alone() -> None:
    """P11: what may have been written there is looked at before anything else is."""
    desk = Desk("A", "B")
    desk.show("A", "f", file("first"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, OutcomeUnknown("torn"))
    desk.show("A", "f", Absent())
    desk.show("A", "g", file("first"), moved_from="f")
    desk.show("A", "f", file("second"))

    assert desk.plan("B").tasks == []


def test_nothing_is_put_into_a_directory_that_is_missed() -> None:
    """P14, P27: whether it was deleted or moved has to be known first."""
    desk = Desk("A", "B")
    desk.have("d", None)
    desk.show("B", "d", Absent())
    desk.show("A", "d/f", file("new"))

    assert desk.plan("B").tasks == []


def test_what_was_put_into_another_directory_is_let_go() -> None:
    """A directory could not be made because a user made one of that name: what went into theirs is observed anew."""
    desk = Desk("A", "B")
    desk.show("A", "d", DIRECTORY)
    desk.show("A", "d/f", file("f"))
    directory, content = desk.plan("B").tasks

    desk.answer("B", directory, RevisionMismatch("d"))
    desk.answer("B", content)

    assert desk.node("d/f").services.get("B") is None
    desk.show("B", "d", DIRECTORY)
    desk.show("B", "d/f", file("f", "b1"))
    assert desk.bring() == []


def test_a_name_that_cannot_be_told_apart_is_an_obstacle() -> None:
    """P19: of two names that are one to a service, the second is reported and not written."""
    desk = Desk("A", "B")
    insensitive = Member(
        mode=Mode.READ_WRITE, capabilities=Capabilities(name_comparison=NameComparison.CASE_INSENSITIVE)
    )
    desk.scope = attrs.evolve(desk.scope, members={**desk.scope.members, "B": insensitive})
    desk.tree._scopes["f"] = desk.scope  # type: ignore[index]
    desk.have("name", "one")
    desk.show("A", "NAME", file("two"))

    plan = desk.plan("B")

    assert plan.tasks == []
    assert list(plan.obstacles.values()) == [Obstacle.COLLISION]
    assert plan.paths == {desk.node("NAME").id: "NAME"}


def test_what_is_not_synchronised_is_an_obstacle() -> None:
    """A socket in the place of a file is reported, and never overwritten."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("B", "f", Inadmissible("a socket"))
    desk.show("A", "f", file("new"))

    assert list(desk.plan("B").obstacles.values()) == [Obstacle.UNMANAGED]


def test_enough_is_enough() -> None:
    """A plan ends where it is told to, and says where to go on, also in the middle of a large directory."""
    desk = Desk("A", "B")
    desk.have("d", None)
    for number in range(30):
        desk.have(f"d/{number}", str(number))
    desk.lose("A", "d")
    planner = Planner(desk.work, "B", sources=["A"])
    plan = planner.plan(list(desk.tree.dirty("B", "f")), most_tasks=10, most_bytes=1 << 30)

    assert len(plan.tasks) == 10
    assert plan.next is not None


def test_a_place_that_is_only_written() -> None:
    """Drift there is shown and survives until there is a new head, which then expects what lies there."""
    desk = Desk("A", "B", modes={"B": Mode.WRITE})
    desk.have("f", "old")
    desk.show("B", "f", file("drift"))
    assert desk.plan("B").tasks == []

    desk.show("A", "f", file("new"))

    assert [task.expected for task in desk.plan("B").tasks] == ["drift"]


def test_a_place_that_is_only_read_gets_nothing() -> None:
    """Nothing is dirty where nothing may be written."""
    desk = Desk("A", "B", modes={"B": Mode.READ})
    desk.show("A", "f", file("f"))

    assert list(desk.tree.dirty("B", "f")) == []


def test_visible_is_not_yet_held() -> None:
    """What was answered is no base before it is durable, and a further mutation expects the answered revision."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    (task,) = desk.plan("B").tasks
    desk.answer("B", task, durable=False)
    state = desk.node("f").services["B"]
    assert state.base is not None
    assert state.base.revision == "old"
    assert state.intent is not None
    assert state.intent.phase is Phase.VISIBLE

    desk.show("A", "f", file("newer"))

    assert [task.expected for task in desk.plan("B").tasks] == ["new"]


def test_a_task_that_failed_leaves_what_is_visible() -> None:
    """A second mutation that is refused does not take back what the first one made visible."""
    desk = Desk("A", "B")
    desk.have("f", "old")
    desk.show("A", "f", file("new"))
    desk.answer("B", desk.plan("B").tasks[0], durable=False)
    desk.show("A", "f", file("newer"))

    desk.answer("B", desk.plan("B").tasks[0], NotFound("f"))

    known = desk.node("f").services["B"].known
    assert known is not None
    assert known.revision == "new"


def test_a_write_that_has_to_wait_leaves_no_trace() -> None:
    """F6: enough large files are under way; the others stay to be done, and everything else is planned."""
    desk = Desk("A", "B")
    for name in ("first", "second", "third"):
        desk.show("A", name, file(name))
    deferred: list[str] = []

    def defer(node: Node, source: Source) -> bool:
        deferred.append(source.path)
        return node.place is not None and node.place.name == "second"

    planner = Planner(desk.work, "B", sources=["A"], defer=defer)
    plan = planner.plan(list(desk.tree.dirty("B", "f")), most_tasks=10, most_bytes=1 << 30)

    assert [task.path for task in plan.tasks] == ["first", "third"]
    assert deferred == ["first", "second", "third"]
    assert plan.obstacles == {}
    assert [task.path for task in desk.plan("B").tasks] == ["second"]
