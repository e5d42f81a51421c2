"""Changes on several services at once: both are kept, an edit beats a deletion (CONTRACT G1, PROPERTIES P1, P5-P8).

All divergences of the table are made at once behind Onitu's back, each in its own directory of three services that were
in sync, and judged one by one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import RUN, Core
from tests.functional.trees import Tree, below, digest_of, digests, fill, write

SERVICES = ("a", "b", "c")
COPY = re.compile(r"(?P<stem>[^/]+) \(conflict (?P<service>[abc]) [\d-]+ [0-9a-f]{8}\)(?P<ending>\.[^./]+)?$")

Change = Callable[[Path], object]


def _nothing(_: Path) -> None:
    """Leaves the directory empty."""


def _write(name: str, content: str) -> Change:
    return lambda place: write(place / name, content)


def _both(*changes: Change) -> Change:
    return lambda place: [change(place) for change in changes]


def _unlink(name: str) -> Change:
    return lambda place: (place / name).unlink()


def _remove(name: str) -> Change:
    """Takes a thing out of the service. It stays on the disk, or what is made next may get its inode, and be it."""

    def change(place: Path) -> None:
        away = place.parent.parent / f"{place.name} of {place.parent.name}"
        away.mkdir(exist_ok=True)
        (place / name).rename(away / name)

    return change


def _touch(name: str) -> Change:
    return lambda place: os.utime(place / name, (10**9, 10**9))


@attrs.frozen(kw_only=True)
class Divergence:
    """Changes of the same thing on several services.

    Attributes:
        name: Of the divergence and of its directory.
        base: Makes what all services held before.
        changes: Service to what was done there.
        copies: How many conflict copies must come of it.
        keeps: Contents that must be there afterwards.
        loses: Contents that must not be there under any name.
        plain: Name to content that must have kept that name.
    """

    name: str
    base: Change = _nothing
    changes: Mapping[str, Change]
    copies: int = 0
    keeps: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    plain: Mapping[str, str] = attrs.field(factory=dict)


DIVERGENCES = (
    Divergence(
        name="two_create",
        changes={"a": _write("x.txt", "1 of a"), "b": _write("x.txt", "1 of b")},
        copies=1,
        keeps=("1 of a", "1 of b"),
    ),
    Divergence(
        name="three_create",
        changes={name: _write("x.tar.gz", f"2 of {name}") for name in SERVICES},
        copies=2,
        keeps=("2 of a", "2 of b", "2 of c"),
    ),
    Divergence(
        name="two_edit",
        base=_write("x.txt", "3 before"),
        changes={"a": _write("x.txt", "3 of a"), "c": _write("x.txt", "3 of c")},
        copies=1,
        keeps=("3 of a", "3 of c"),
        loses=("3 before",),
    ),
    Divergence(
        name="three_edit",
        base=_write("x", "4 before"),
        changes={name: _write("x", f"4 of {name}") for name in SERVICES},
        copies=2,
        keeps=("4 of a", "4 of b", "4 of c"),
    ),
    Divergence(
        name="same_edit",
        base=_write("x.txt", "5 before"),
        changes={name: _write("x.txt", "5 of both") for name in ("a", "b")},
        plain={"x.txt": "5 of both"},
    ),
    Divergence(
        name="same_creation",
        changes={name: _write("x.txt", "6 of all") for name in SERVICES},
        plain={"x.txt": "6 of all"},
    ),
    Divergence(
        name="edit_and_deletion",
        base=_write("x.txt", "7 before"),
        changes={"a": _write("x.txt", "7 of a"), "b": _unlink("x.txt")},
        plain={"x.txt": "7 of a"},
    ),
    Divergence(
        name="deletion_and_edit",
        base=_write("x.txt", "8 before"),
        changes={"a": _unlink("x.txt"), "b": _write("x.txt", "8 of b"), "c": _unlink("x.txt")},
        plain={"x.txt": "8 of b"},
    ),
    Divergence(
        name="two_deletions",
        base=_write("x.txt", "9 before"),
        changes={"a": _unlink("x.txt"), "b": _unlink("x.txt")},
        loses=("9 before",),
    ),
    Divergence(
        name="new_file_in_a_deleted_directory",
        base=_both(_write("d/x.txt", "10 before"), _write("d/y.txt", "10 too")),
        changes={"a": _remove("d"), "b": _write("d/new.txt", "10 of b")},
        plain={"d/new.txt": "10 of b"},
        loses=("10 before", "10 too"),
    ),
    Divergence(
        name="edit_in_a_deleted_directory",
        base=_both(_write("d/e/x.txt", "11 before"), _write("d/y.txt", "11 too")),
        changes={"c": _remove("d"), "b": _write("d/e/x.txt", "11 of b")},
        plain={"d/e/x.txt": "11 of b"},
        loses=("11 before", "11 too"),
    ),
    Divergence(
        name="file_and_directory",
        changes={"a": _write("x", "12 of a"), "b": _write("x/inside.txt", "12 of b")},
        copies=1,
        keeps=("12 of a",),
        plain={"x/inside.txt": "12 of b"},
    ),
    Divergence(
        name="directory_became_a_file_but_was_edited",
        base=_write("x/inside.txt", "13 before"),
        changes={
            "a": _both(_remove("x"), _write("x", "13 of a")),
            "b": _write("x/inside.txt", "13 of b"),
        },
        copies=1,
        keeps=("13 of a",),
        plain={"x/inside.txt": "13 of b"},
    ),
    Divergence(
        name="file_became_a_directory_but_was_edited",
        base=_write("x", "14 before"),
        changes={
            "a": _both(_unlink("x"), _write("x/inside.txt", "14 of a")),
            "b": _write("x", "14 of b"),
        },
        copies=1,
        keeps=("14 of b",),
        plain={"x/inside.txt": "14 of a"},
    ),
    Divergence(
        name="touch_and_edit",
        base=_write("x.txt", "15 before"),
        changes={"a": _touch("x.txt"), "b": _write("x.txt", "15 of b")},
        plain={"x.txt": "15 of b"},
    ),
    Divergence(
        name="both_made_the_directory",
        changes={"a": _write("d/a.txt", "16 of a"), "b": _write("d/b.txt", "16 of b")},
        plain={"d/a.txt": "16 of a", "d/b.txt": "16 of b"},
    ),
)


@attrs.frozen
class Outcome:
    """What came of all divergences.

    Attributes:
        onitu: The setup.
        trees: Service to what it held at the end.
        core: The run in which they met.
    """

    onitu: Onitu
    trees: Mapping[str, Tree]
    core: Core


@pytest.fixture(scope="module")
def outcome(new_shared_setup: Setups) -> Outcome:
    """Makes all divergences and lets them meet."""
    onitu = new_shared_setup(*SERVICES)
    fill(onitu["a"] / "ballast", 1, files=100)
    for divergence in DIVERGENCES:
        (onitu["a"] / divergence.name).mkdir()
        divergence.base(onitu["a"] / divergence.name)
    onitu.once()
    for divergence in DIVERGENCES:
        for name, change in divergence.changes.items():
            change(onitu[name] / divergence.name)
    core = onitu.once(expect=None)
    return Outcome(onitu, {name: onitu.tree(name) for name in SERVICES}, core)


def each(test: Callable[..., None]) -> Callable[..., None]:
    """Runs a test for each divergence."""
    marked: Callable[..., None] = pytest.mark.parametrize("divergence", DIVERGENCES, ids=lambda d: d.name)(test)
    return marked


@each
def test_all_services_agree(outcome: Outcome, divergence: Divergence) -> None:
    """P2: whatever happened, all services hold the same at the end."""
    first, *others = (below(tree, divergence.name) for tree in outcome.trees.values())

    assert others == [first, first]


@each
def test_contents_are_kept(outcome: Outcome, divergence: Divergence) -> None:
    """P1, P7, P8: what somebody made is there, under its name or beside it; what was replaced or deleted is not."""
    tree = below(outcome.trees["a"], divergence.name)

    for content in (*divergence.keeps, *divergence.plain.values()):
        assert digest_of(content) in digests(tree), content
    for content in divergence.loses:
        assert digest_of(content) not in digests(tree), content


@each
def test_names_are_kept(outcome: Outcome, divergence: Divergence) -> None:
    """PROPERTIES §2: who keeps the plain name where there is a right answer; a directory keeps it against a file."""
    tree = below(outcome.trees["a"], divergence.name)

    for name, content in divergence.plain.items():
        assert name in tree
        assert tree[name].digest == digest_of(content)


@each
def test_copies_are_made_where_they_must_and_nowhere_else(outcome: Outcome, divergence: Divergence) -> None:
    """P5, P8: one conflict copy for each content that lost its name, named after stem, service, day and digest."""
    copies = [path for path in below(outcome.trees["a"], divergence.name) if "(conflict" in path]

    assert len(copies) == divergence.copies
    assert [path for path in copies if not COPY.search(path)] == []
    assert len([e for e in outcome.core.log.named("conflict_found") if divergence.name in str(e["path"])]) >= len(
        copies
    )


def test_a_second_pass_does_nothing(outcome: Outcome) -> None:
    """P3, P8: the conflicts are settled: the next start moves nothing and makes no second copy."""
    again = outcome.onitu.once()

    assert again.log.transfers == []
    assert {name: outcome.onitu.tree(name) for name in SERVICES} == outcome.trees


@pytest.mark.parametrize(("policy", "winners"), [("newest", ["b", "a"]), ({"prefer": ["a"]}, ["a", "a"])])
def test_policies_decide_from_the_data(new_setup: Setups, policy: object, winners: list[str]) -> None:
    """B11, P9: `newest` goes by the time of the file, `prefer` by the service; the other content is kept."""
    onitu = new_setup("a", "b")
    onitu.folders = {"docs": {"conflict": policy}}
    times = {"newer in b": {"a": 10**9, "b": 10**9 + 5}, "newer in a": {"a": 10**9 + 5, "b": 10**9}}
    for file, seconds in times.items():
        for name in ("a", "b"):
            write(onitu[name] / file, f"{name} wrote {file}")
            os.utime(onitu[name] / file, (seconds[name], seconds[name]))
    onitu.once()

    assert onitu.apart() == []
    assert [(onitu["a"] / file).read_text()[0] for file in times] == winners
    assert len(digests(onitu.tree("a"))) == 4


def test_edits_that_race_on_a_running_onitu_are_all_kept(new_setup: Setups) -> None:
    """G2, P11: both sides write the same names at the same time; every content is live or retained, and both agree."""
    onitu = new_setup("a", "b")
    names = [f"{number}.txt" for number in range(40)]
    for name in names:
        write(onitu["a"] / name, f"before {name}")
    core = onitu.serve()
    onitu.converge(core)
    for name in names:
        write(onitu["a"] / name, f"{name} written in a")
        write(onitu["b"] / name, f"{name} written in b, a moment later")
    core.settle()
    onitu.converge(core)

    kept = digests(onitu.tree("a")) | digests(onitu.retained("a")) | digests(onitu.retained("b"))
    for name in names:
        assert digest_of(f"{name} written in a") in kept
        assert digest_of(f"{name} written in b, a moment later") in digests(onitu.tree("a"))


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("keep", ["a", "b", "both"])
def test_a_conflict_is_settled_by_command(new_setup: Setups, keep: str, *, running: bool) -> None:
    """P8, P1: one content keeps the name everywhere and the other lies in the trash, or both stay; a core may run."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "before")
    onitu.once()
    write(onitu["a"] / "file.txt", "of a")
    write(onitu["b"] / "file.txt", "of b, longer")
    onitu.once()
    core = onitu.serve() if running else None
    place = ("-c", str(onitu.file), "--data-dir", str(onitu.data))
    listed = onitu.run("conflicts", *place)
    assert listed.wait(RUN) == 0
    first, second = listed.output.splitlines()
    copy = second.strip().rpartition(": ")[0]
    assert {first.rpartition(" ")[2], second.rpartition(" ")[2]} == {"a", "b"}
    as_json = onitu.run("conflicts", "--json", *place)
    assert as_json.wait(RUN) == 0
    (told,) = json.loads(as_json.output)
    assert (f"{told['folder']}/{told['path']}", f"{told['folder']}/{told['copy']}") == ("docs/file.txt", copy)
    before = onitu.tree("a")
    settled = onitu.run("conflicts", "resolve", "--keep", keep, copy, *place)
    assert settled.wait(RUN) == 0, settled.log.tail()

    def is_done() -> bool:
        kept = {path: (onitu["a"] / path).read_text() for path in onitu.tree("a")}
        expected = {"file.txt": {"a": "of a", "b": "of b, longer"}.get(keep)}
        return onitu.apart() == [] and (onitu.tree("a") == before if keep == "both" else kept == expected)

    if core is not None:
        core.wait_until(is_done, "the conflict is settled on all services")
    else:
        onitu.once()
        assert is_done()
    again = onitu.run("conflicts", *place)
    again.wait(RUN)
    assert again.output == "there are no conflicts\n"


def test_what_is_no_conflict_is_not_settled(new_setup: Setups) -> None:
    """P8: another file, and a service that neither content is from, are refused."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "only one content")
    onitu.once()
    run = onitu.run(
        "conflicts", "resolve", "--keep", "a", "docs/file.txt", "-c", str(onitu.file), "--data-dir", str(onitu.data)
    )

    assert run.wait(RUN) == 1
    assert "'docs/file.txt' is no conflict copy" in run.log.tail()
