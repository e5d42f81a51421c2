"""What belongs on which service, and what becomes of it when that changes."""

from __future__ import annotations

import pytest

from onitu.core.answers import answered
from onitu.core.capability import Mode
from onitu.core.filters import Filter
from onitu.core.model import Absent, Kind, Observation, Present
from onitu.core.patterns import Patterns
from onitu.core.rules import Match, Rule, Rules
from onitu.core.tree import Notice, Recheck, Relist
from onitu.errors import OutcomeUnknown, Unavailable
from tests.unit.core.desk import DIRECTORY, Desk, file

SMALL = Filter(level="service 'B'", max_size=3)
AUDIO = Filter(level="service 'B'", types=("audio",))
NO_TMP = Filter(level="folder 'f'", blacklist=Patterns.of(["*.tmp", "trash/"]))


def ignored(desk: Desk) -> list[tuple[str, str, str]]:
    """Returns (service, path, cause) of what was reported as ignored, and forgets it."""
    found = [
        (effect.service, effect.path, effect.fields["cause"])
        for effect in desk.effects
        if isinstance(effect, Notice) and effect.event == "file_ignored"
    ]
    desk.effects.clear()
    return found


def rules(*named: tuple[str, str]) -> Rules:
    """Returns rules, each of a path and the services that get it, separated by commas."""
    return Rules(tuple(Rule(match=Match(path=path), sync=frozenset(services.split(","))) for path, services in named))


@pytest.mark.parametrize(
    ("narrow", "path", "content", "cause"),
    [
        (NO_TMP, "x.tmp", "x", "blacklist"),
        (Filter(level="folder 'f'", whitelist=Patterns.of(["*.mp3"])), "x.txt", "x", "not whitelisted"),
        (Filter(level="folder 'f'", types=("audio",)), "x.txt", "x", "type"),
        (Filter(level="folder 'f'", max_size=3), "x", "four", "size"),
        (Filter(level="folder 'f'", min_size=3), "x", "no", "size"),
    ],
)
def test_what_is_refused_is_not_read(narrow: Filter, path: str, content: str, cause: str) -> None:
    """B8, B9, B10, F3: a file that a filter refuses goes nowhere, and why is told."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=narrow)

    desk.show("A", path, file(content))

    assert ignored(desk) == [("A", path, cause)]
    assert not desk.heads()
    assert not desk.bring()


@pytest.mark.parametrize(
    ("narrow", "path", "content"),
    [(SMALL, "x", "four"), (AUDIO, "x.txt", "x"), (Filter(level="s", blacklist=Patterns.of(["x"])), "x", "x")],
)
def test_what_is_refused_is_not_written(narrow: Filter, path: str, content: str) -> None:
    """B6, B8, B9, B10: a filter of one service keeps a file from that service alone."""
    desk = Desk("A", "B", "C")
    desk.set_up(filters={"B": narrow})

    desk.show("A", path, file(content))

    assert desk.bring() == [("C", "WRITE", path)]


def test_what_lies_in_a_refused_directory_is_passed_over_in_silence() -> None:
    """B10: `dir/` takes the whole directory; it is reported once, not for all that lies in it."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=NO_TMP)

    for path in ("trash", "trash/below", "trash/below/file"):
        desk.show("A", path, file("x") if path.endswith("file") else DIRECTORY)

    assert ignored(desk) == [("A", "trash", "blacklist")]
    assert not desk.heads()


def test_a_file_that_grows_too_large_is_left_alone_and_deletes_nothing() -> None:
    """B9, P20: growing past `max-size` is no deletion: the others keep what they have."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=Filter(level="folder 'f'", max_size=3))
    desk.have("f", "one")

    desk.show("A", "f", file("larger"))

    assert ignored(desk) == [("A", "f", "size")]
    assert not desk.bring()
    assert desk.heads() == {"f": "one"}
    assert desk.node("f").services["A"].known is None


def test_a_head_that_grows_out_of_the_scope_of_one_service_is_left_there() -> None:
    """B6, B9: what is too large for one service goes to the others; the older one there is neither read nor deleted."""
    desk = Desk("A", "B", "C")
    desk.set_up(filters={"B": SMALL})
    desk.have("f", "one")

    desk.show("A", "f", file("larger"))
    assert desk.bring() == [("C", "WRITE", "f")]

    desk.show("B", "f", file("two"))
    assert ignored(desk) == [("B", "f", "size")]
    assert not desk.bring()
    assert desk.heads() == {"f": "larger"}


def test_coming_back_into_scope_is_a_first_contact() -> None:
    """P20: what was left alone is looked at again, and is a conflict where it differs."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": SMALL})
    desk.have("f", "one")
    desk.show("A", "f", file("larger"))
    desk.bring()

    desk.effects.clear()
    desk.show("A", "f", file("two"))
    assert Recheck("B", "f") in desk.effects
    assert not desk.bring()

    desk.show("B", "f", file("one"), fresh=True)
    desk.bring()
    assert len(desk.heads()) == 2
    assert desk.heads()["f"] == "two"


def test_coming_back_with_equal_content_moves_nothing() -> None:
    """P6, P20: equal content is adopted."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": SMALL})
    desk.have("f", "one")
    desk.show("A", "f", file("larger"))
    desk.bring()
    desk.show("A", "f", file("one", "again"))
    desk.settle("A")

    desk.show("B", "f", file("one"), fresh=True)

    assert not desk.bring()
    assert desk.node("f").services["B"].known is not None


def test_a_rename_out_of_the_blacklist_is_a_new_file() -> None:
    """F6: a file that is renamed to an admitted name is synced."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=NO_TMP)
    desk.show("A", "x.tmp", file("x"))

    desk.show("A", "x.txt", file("x"), moved_from="x.tmp")

    assert desk.bring() == [("B", "WRITE", "x.txt")]


def test_a_rename_into_the_blacklist_is_a_deletion() -> None:
    """F6: what is renamed to a refused name has left the folder; the bytes stay where they were renamed."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=NO_TMP)
    desk.have("x.txt", "x")

    desk.show("A", "x.tmp", file("x"), moved_from="x.txt")
    desk.lose("A", "x.txt")

    assert desk.bring() == [("B", "DELETE", "x.txt")]


def test_a_rename_out_of_the_scope_of_one_service_deletes_it_there() -> None:
    """F6, B8: a file that changes its type is gone, under its old name, where only that type belongs."""
    desk = Desk("A", "B", "C")
    desk.set_up(filters={"B": AUDIO})
    desk.have("x.mp3", "x")

    desk.show("A", "x.txt", file("x"), moved_from="x.mp3")

    assert desk.bring() == [("B", "DELETE", "x.mp3"), ("C", "MOVE", "x.mp3 -> x.txt")]
    assert desk.heads() == {"x.txt": "x"}


def test_a_rename_into_the_scope_of_one_service_brings_it_there() -> None:
    """F6, B8: a file that gets an admitted type goes where that belongs."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": AUDIO})
    desk.have("x.txt", "x")

    desk.show("A", "x.mp3", file("x"), moved_from="x.txt")

    assert desk.bring() == [("B", "WRITE", "x.mp3")]


def test_an_edit_where_it_does_not_belong_any_more_is_held_elsewhere_first() -> None:
    """P1: what was edited under its old name is deleted there only once another service holds the edit."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": AUDIO})
    desk.have("x.mp3", "x")
    desk.show("A", "x.txt", file("x"), moved_from="x.mp3")

    desk.show("B", "x.mp3", file("edited"))

    assert not desk.plan("B").tasks
    assert desk.bring("A") == [("A", "WRITE", "x.txt")]
    assert desk.bring("B") == [("B", "DELETE", "x.mp3")]
    assert desk.heads() == {"x.txt": "edited"}


def test_our_own_deletion_of_unknown_outcome_is_no_deletion() -> None:
    """P14: what we took away from where it does not belong is not deleted elsewhere, whatever was heard of it."""
    desk = Desk("A", "B", "C")
    desk.set_up(filters={"B": AUDIO})
    desk.have("x.mp3", "x")
    desk.show("A", "x.txt", file("x"), moved_from="x.mp3")
    desk.bring("C")

    (task,) = desk.plan("B").tasks
    answered(desk.work, "B", task.node, OutcomeUnknown("lost"), durable=True)
    desk.lose("B", "x.mp3")

    assert not desk.bring()
    assert desk.heads() == {"x.txt": "x"}


def test_a_directory_that_is_moved_out_of_scope_goes_with_all_in_it() -> None:
    """F6: what lies in a directory is judged by its whole path."""
    desk = Desk("A", "B", "C")
    desk.set_up(filters={"B": Filter(level="service 'B'", blacklist=Patterns.of(["/private/"]))})
    desk.have("open", None)
    desk.have("open/deep", None)
    desk.have("open/deep/f", "x")

    desk.show("A", "private", DIRECTORY, moved_from="open")

    assert desk.bring("B") == [
        ("B", "DELETE", "open/deep/f"), ("B", "DELETE", "open/deep"), ("B", "DELETE", "open"),
    ]  # fmt: skip
    assert desk.bring("C") == [("C", "MOVE", "open -> private")]
    assert not desk.bring()

    desk.show("A", "open", DIRECTORY, moved_from="private")
    assert desk.bring("B") == [
        ("B", "MAKE_DIRECTORY", "open"), ("B", "MAKE_DIRECTORY", "open/deep"), ("B", "WRITE", "open/deep/f"),
    ]  # fmt: skip


def test_a_directory_from_where_nothing_is_known_is_listed() -> None:
    """F6: a directory that is renamed out of the blacklist comes with what lies in it."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=NO_TMP)
    desk.show("A", "trash", DIRECTORY)
    desk.effects.clear()

    desk.show("A", "kept", DIRECTORY, moved_from="trash")

    assert Relist("A", "kept") in desk.effects


def test_directories_that_are_swapped_are_listed_where_nothing_tells_them_apart() -> None:
    """P2: two names, one revision and no ids: what lies in them is asked for."""
    plain = Present(kind=Kind.DIRECTORY, revision="-")
    desk = Desk("A", "B")
    for name in ("one", "two"):
        desk.show("A", name, plain)
    desk.effects.clear()

    desk.show("A", "swapped", Absent(), moved_from="one")
    desk.show("A", "one", plain, moved_from="two")
    desk.show("A", "two", plain, moved_from="swapped")

    assert {effect.path for effect in desk.effects if isinstance(effect, Relist)} == {"one", "two"}


def test_directories_are_made_where_a_file_needs_them() -> None:
    """B8, B10: where only some files belong, no skeleton of empty directories is made."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": AUDIO})
    for path in ("empty", "music", "music/old"):
        desk.show("A", path, DIRECTORY)
    assert not desk.bring()

    desk.show("A", "music/old/x.mp3", file("x"))

    assert desk.bring() == [
        ("B", "MAKE_DIRECTORY", "music"), ("B", "MAKE_DIRECTORY", "music/old"), ("B", "WRITE", "music/old/x.mp3"),
    ]  # fmt: skip
    assert not desk.bring()


def test_a_filter_that_is_set_later_deletes_nothing() -> None:
    """P20: what a new filter refuses stays everywhere, and is unmanaged."""
    desk = Desk("A", "B")
    desk.have("x.tmp", "x")

    desk.set_up(everywhere=NO_TMP)
    assert not desk.bring()
    desk.show("A", "x.tmp", file("edited"))
    desk.show("B", "x.tmp", Absent())

    assert not desk.bring()


def test_a_filter_that_is_taken_away_is_a_first_contact() -> None:
    """P20, P21: what was unmanaged is looked at again; equal content is adopted."""
    desk = Desk("A", "B")
    desk.have("x.tmp", "x")
    desk.set_up(everywhere=NO_TMP)

    desk.set_up()
    assert {effect for effect in desk.effects if isinstance(effect, Recheck)} == {
        Recheck("A", "x.tmp"), Recheck("B", "x.tmp"),
    }  # fmt: skip
    for service in ("A", "B"):
        desk.show(service, "x.tmp", file("x"), fresh=True)

    assert not desk.bring()
    assert desk.heads() == {"x.tmp": "x"}
    assert all(state.known for state in desk.node("x.tmp").services.values())


def test_an_ignore_file_adds_to_the_blacklist_and_is_synced_itself() -> None:
    """B17: the folder's own patterns hold on all services; the file that has them goes everywhere."""
    desk = Desk("A", "B")
    desk.set_up(ignore="*.log\n", everywhere=Filter(level="folder 'f'", types=("audio",)))

    desk.show("A", "x.log", file("x"))
    desk.show("A", ".onituignore", file("*.log"))

    assert ignored(desk) == [("A", "x.log", "ignored")]
    assert desk.bring() == [("B", "WRITE", ".onituignore")]


def test_rules_narrow_where_a_file_goes() -> None:
    """C1, C4: with rules a file goes to the services they name, and one that none names goes nowhere."""
    desk = Desk("A", "B", "C")
    desk.set_up(rules=rules(("/f/backedup", "B")))

    desk.show("A", "backedup", DIRECTORY)
    desk.show("A", "backedup/f", file("x"))
    desk.show("A", "other", file("y"))

    assert desk.bring() == [("B", "MAKE_DIRECTORY", "backedup"), ("B", "WRITE", "backedup/f")]


def test_the_service_a_file_comes_from_keeps_it() -> None:
    """C4: what a service has brought itself is kept up to date there, though no rule names it."""
    desk = Desk("A", "B")
    desk.set_up(rules=rules(("/f", "B")))
    desk.show("A", "f", file("x"))
    desk.bring()

    desk.show("B", "f", file("edited"))

    assert desk.bring() == [("A", "WRITE", "f")]


def test_other_rules_copy_and_delete_nothing() -> None:
    """C5: newly named services get the file; where it is no longer routed it stays and is unmanaged."""
    desk = Desk("A", "B", "C")
    desk.set_up(rules=rules(("/f", "B")))
    desk.show("A", "f", file("x"))
    desk.bring()

    desk.set_up(rules=rules(("/f", "C")))
    assert desk.bring() == [("C", "WRITE", "f")]

    desk.show("B", "f", file("edited"))
    assert ignored(desk) == [("B", "f", "no rule")]
    assert not desk.bring()


def test_a_banned_service_gets_nothing() -> None:
    """C3: a later rule takes away what an earlier one gave."""
    desk = Desk("A", "B", "C")
    banned = Rule(match=Match(extensions=frozenset({"iso"})), ban=frozenset({"B"}))
    desk.set_up(rules=Rules((Rule(match=Match(), sync=frozenset({"B", "C"})), banned)))

    desk.show("A", "x.iso", file("x"))

    assert desk.bring() == [("C", "WRITE", "x.iso")]


def test_a_file_that_is_known_nowhere_else_in_place_of_an_unrouted_one_is_its_own() -> None:
    """C4: two services that bring the same name both keep it; different content is a conflict as ever."""
    desk = Desk("A", "B", "C")
    desk.set_up(rules=rules(("/f", "C")))
    desk.show("A", "f", file("x"))
    desk.bring()

    desk.show("B", "f", file("y"))
    desk.bring()

    assert sorted(desk.heads().values(), key=str) == ["x", "y"]


def test_a_move_over_the_border_of_rules() -> None:
    """C2, F6: a file that is moved from what goes to one service to what goes to another changes over."""
    desk = Desk("A", "B", "C")
    desk.set_up(rules=rules(("/f/b", "B"), ("/f/c", "C")))
    for path in ("b", "c"):
        desk.show("A", path, DIRECTORY)
    desk.show("A", "b/f", file("x"))
    desk.bring()

    desk.show("A", "c/f", file("x"), moved_from="b/f")

    assert desk.bring() == [("B", "DELETE", "b/f"), ("C", "WRITE", "c/f")]
    assert desk.heads() == {"b": None, "c": None, "c/f": "x"}


def test_an_unknown_entry_at_a_place_that_is_left_alone_is_not_overwritten() -> None:
    """B10, P11: what lies there and is refused is never written over, and nobody waits for it."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": SMALL})
    desk.show("B", "f", file("large one"))
    desk.show("A", "f", file("x"))
    desk.show("B", "f", file("large one", "again"))

    assert not desk.bring()
    assert not desk.plan("B").obstacles


def test_what_was_left_alone_and_is_gone_makes_room() -> None:
    """B10: once the refused entry is gone the service gets what belongs there."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": SMALL})
    desk.show("A", "f", file("x"))
    desk.show("B", "f", file("large one"))
    assert not desk.bring()

    desk.lose("B", "f")

    assert desk.bring() == [("B", "WRITE", "f")]


def test_a_directory_is_never_judged_by_its_size() -> None:
    """B9: sizes are those of files."""
    desk = Desk("A", "B")
    desk.set_up(everywhere=Filter(level="folder 'f'", min_size=1))

    desk.show("A", "d", Present(kind=Kind.DIRECTORY, revision="d"))
    desk.show("A", "d/f", file("x"))

    assert desk.bring() == [("B", "MAKE_DIRECTORY", "d"), ("B", "WRITE", "d/f")]


def test_an_old_refused_observation_changes_nothing() -> None:
    """P11: what was seen before the last answer is old news, refused or not."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": SMALL})
    desk.show("A", "f", file("x"))
    (task,) = desk.plan("B").tasks
    answered(desk.work, "B", task.node, Observation("f", file("x"), 100), durable=True)

    desk.show("B", "f", file("large one"), seq=50)

    assert desk.node("f").services["B"].known is not None


def test_our_own_deletion_is_none_either_once_it_belongs_there_again() -> None:
    """P1, P14: what we deleted, as it had been moved out of scope, is not deleted elsewhere when it is moved back."""
    desk = Desk("A", "B")
    desk.set_up(filters={"B": Filter(level="service 'B'", blacklist=Patterns.of(["/private/"]))})
    desk.have("open", None)
    desk.have("open/f", "x")
    desk.show("A", "private", DIRECTORY, moved_from="open")
    for task in desk.plan("B").tasks:
        desk.answer("B", task, OutcomeUnknown("lost") if task.path == "open/f" else Unavailable("not done"))

    desk.show("A", "open", DIRECTORY, moved_from="private")
    desk.lose("B", "open/f")

    assert desk.heads() == {"open": None, "open/f": "x"}
    assert ("B", "WRITE", "open/f") in desk.bring()


def test_what_is_under_way_is_called_unmanaged_once() -> None:
    """F3: what leaves a scope with a write under way is told when that is answered, not at every step before."""
    desk = Desk("A", "B")
    desk.have("f", "x")
    desk.show("A", "f", file("y"))
    (task,) = desk.plan("B").tasks
    desk.set_up(filters={"B": Filter(level="service 'B'", blacklist=Patterns.of(["f"]))})
    desk.tree.put(desk.node("f"))

    told = [effect for effect in desk.effects if isinstance(effect, Notice) and effect.event == "file_unmanaged"]
    assert told == []
    desk.answer("B", task)
    assert [effect.event for effect in desk.effects if isinstance(effect, Notice)] == ["file_unmanaged"]


def test_what_nobody_can_read_holds_nothing_for_the_others() -> None:
    """P1, B7: an edit is not given up for a copy in a place that is only written: nobody else could ever get it."""
    desk = Desk("A", "B", "C", modes={"C": Mode.WRITE})
    desk.set_up(filters={"B": AUDIO})
    desk.have("x.mp3", "x")
    desk.show("A", "x.txt", file("x"), moved_from="x.mp3")
    desk.show("B", "x.mp3", file("edited"))
    desk.bring("C")

    assert not desk.plan("B").tasks
    assert desk.bring("A") == [("A", "WRITE", "x.txt")]
    assert desk.bring("B") == [("B", "DELETE", "x.mp3")]
