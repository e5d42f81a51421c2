"""Too much lost at once waits for a person (CONTRACT B11 `max-delete`, E6 `held`, PROPERTIES P16, P17)."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from tests.functional.harness import Onitu, Setups
from tests.functional.processes import RUN, Core
from tests.functional.rest import Api
from tests.functional.trees import fill, write


def _lose(onitu: Onitu, name: str, directory: str = "many") -> None:
    shutil.rmtree(onitu[name] / directory)


def _filled(new_setup: Setups) -> Onitu:
    """Returns a setup whose services hold 60 files in one directory and one beside it."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "many", 5, files=60)
    write(onitu["a"] / "other.txt", "beside them")
    return onitu


def _holds(onitu: Onitu, *arguments: str) -> Core:
    core = onitu.run("holds", *arguments, "-c", str(onitu.file), "--data-dir", str(onitu.data))
    core.wait(RUN)
    return core


def _sixty_held(new_setup: Setups) -> tuple[Onitu, Core, Api]:
    """Returns a setup that holds the loss of 60 files, with ten others in a directory beside them."""
    onitu = _filled(new_setup)
    core = onitu.serve()
    fill(onitu["a"] / "further", 5, files=10)
    onitu.converge(core)
    before = onitu.tree("b")
    _lose(onitu, "a")
    core.wait_for("service_held", service="a")
    api = Api(core)
    core.wait_until(lambda: api.get("/holds").body["holds"][0]["count"] == 60, "all of them are held")
    assert onitu.tree("b") == before
    return onitu, core, api


def test_many_deletions_are_held_and_everything_else_goes_on(new_setup: Setups) -> None:
    """P16, B11, E6: more than half of more than twenty files wait; edits, new files and the status go on."""
    onitu = _filled(new_setup)
    core = onitu.serve()
    before = onitu.tree("b")
    _lose(onitu, "a")
    held = core.wait_for("service_held", service="a")

    assert (held["files"], held["of"]) == (60, 61)
    write(onitu["a"] / "new.txt", "goes on")
    write(onitu["b"] / "other.txt", "goes on too")
    core.wait_until((onitu["b"] / "new.txt").exists, "a new file passes a hold")
    core.wait_until(lambda: (onitu["a"] / "other.txt").read_text() == "goes on too", "an edit passes it")
    assert before.keys() - onitu.tree("b").keys() == set()


@pytest.mark.parametrize("order", ["approve", "restore"])
def test_a_running_core_is_told_what_to_do(new_setup: Setups, order: str) -> None:
    """P16: approving deletes them everywhere, restoring brings them back, at once."""
    onitu = _filled(new_setup)
    core = onitu.serve()
    before = onitu.tree("b")
    _lose(onitu, "a")
    core.wait_for("service_held", service="a")
    listed = _holds(onitu)

    assert "a, folder docs: 60 of 61 files are gone or empty" in listed.output
    assert "and 40 more" in listed.output
    (told,) = json.loads(_holds(onitu, "--json").output)["holds"]
    assert (told["service"], told["folder"], told["order"], len(told["paths"])) == ("a", "docs", None, 60)
    assert "running" not in _holds(onitu, order, "a", "docs").log.tail()
    core.wait_for("hold_ended", service="a", by=order)
    onitu.converge(core)
    expected = before if order == "restore" else {"other.txt": before["other.txt"]}
    assert onitu.tree("b") == expected
    assert "nothing is held" in _holds(onitu).output
    (onitu["a"] / "other.txt").unlink()
    core.wait_until(lambda: not (onitu["b"] / "other.txt").exists(), "counting begins anew once somebody has decided")


@pytest.mark.parametrize("running", [True, False])
def test_a_hold_is_not_approved_while_the_root_is_lost(new_setup: Setups, *, running: bool) -> None:
    """P15, P16: what was said about losses never takes an empty mount point for a new root; that is said on its own."""
    onitu = _filled(new_setup)
    core = onitu.serve()
    before = onitu.tree("b")
    _lose(onitu, "a")
    core.wait_for("service_held", service="a")
    onitu["a"].rename(onitu.directory / "away")
    onitu["a"].mkdir()
    core.wait_for("service_halted", service="a")
    if not running:
        core.stop()

    for further in ([], ["--count", "60"]):
        refused = _holds(onitu, "approve", "a", "docs", *further)
        assert (refused.process.returncode, "bring it back" in refused.log.path.read_text()) == (1, True)
    if running:
        api = Api(core)
        for query in ("", "?what=hold", "?what=hold&count=60"):
            answer = api.put(f"/holds/a/docs/approve{query}")
            assert (answer.code, "--root" in answer.body["reason"]) == (409, True), answer
        assert api.put("/holds/a/docs/approve?what=any").code == 400
        assert api.put("/holds/a/docs/approve?count=few").code == 400
        assert len(api.get("/holds").body["halts"]) == 1
    assert onitu.tree("b") == before

    assert _holds(onitu, "approve", "a", "docs", "--root").process.returncode == 0
    core = core if running else onitu.serve()
    core.wait_until(lambda: onitu.tree("a") == before, "it is filled as a new one")
    assert onitu.tree("b") == before


def test_no_more_is_approved_than_was_shown(new_setup: Setups) -> None:
    """P16: who has seen some losses has not agreed to more of them."""
    onitu, core, api = _sixty_held(new_setup)
    before = onitu.tree("b")
    assert "--count 60" in _holds(onitu).output
    _lose(onitu, "a", "further")
    core.wait_until(lambda: api.get("/holds").body["holds"][0]["count"] == 70, "so are the further ones")

    refused = _holds(onitu, "approve", "a", "docs", "--count", "60")
    assert (refused.process.returncode, "70" in refused.log.path.read_text()) == (1, True)
    assert api.put("/holds/a/docs/approve?what=hold&count=69").code == 409
    assert api.put("/holds/a/docs/approve?what=root").code == 409
    assert onitu.tree("b") == before
    assert api.put("/holds/a/docs/approve?what=hold&count=70").code == 200
    onitu.converge(core)


def test_what_is_lost_after_a_decision_was_not_agreed_to(new_setup: Setups) -> None:
    """P16: what was decided while no core ran is about what was lost then; with more of it, it is held anew."""
    onitu, core, _ = _sixty_held(new_setup)
    before = onitu.tree("b")
    core.stop()

    assert _holds(onitu, "approve", "a", "docs", "--count", "60").process.returncode == 0
    _lose(onitu, "a", "further")
    core = onitu.serve()
    core.wait_for("service_held", service="a")
    (hold,) = Api(core).get("/holds").body["holds"]
    assert (hold["count"], hold["order"]) == (70, None)
    assert onitu.tree("b") == before
    assert _holds(onitu, "approve", "a", "docs", "--count", "70").process.returncode == 0
    onitu.converge(core)


@pytest.mark.parametrize("order", ["approve", "restore"])
def test_a_hold_survives_a_restart(new_setup: Setups, order: str) -> None:
    """P16, P13: what is held stays undecided at every start until somebody decides, also while no core runs."""
    onitu = _filled(new_setup)
    onitu.once()
    before = onitu.tree("b")
    _lose(onitu, "a")
    for _ in range(2):
        run = onitu.once(expect=1)
        assert "a held: folder 'docs': 60 of 61 files" in run.output
        assert onitu.tree("b") == before
    _holds(onitu, order, "a", "docs")
    onitu.once()

    assert onitu.apart() == []
    assert onitu.tree("b") == (before if order == "restore" else {"other.txt": before["other.txt"]})


def test_emptied_files_are_held(new_setup: Setups) -> None:
    """P16, DESIGN §3 "deleted or emptied": files that have lost their content wait as well, and are restored."""
    onitu = _filled(new_setup)
    onitu.once()
    before = onitu.tree("b")
    for path in (onitu["a"] / "many").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    onitu.once(expect=1)
    assert onitu.tree("b") == before
    _holds(onitu, "restore", "a", "docs")
    onitu.once()

    assert onitu.tree("a") == onitu.tree("b") == before


def test_renaming_everything_is_no_deletion(new_setup: Setups) -> None:
    """P16, P18: what is found at another place is not counted."""
    onitu = _filled(new_setup)
    onitu.once()
    (onitu["a"] / "many").rename(onitu["a"] / "elsewhere")
    for number, path in enumerate(sorted(p for p in (onitu["a"] / "elsewhere").rglob("*") if p.is_file())):
        path.rename(onitu["a"] / f"{number}")
    shutil.rmtree(onitu["a"] / "elsewhere")
    run = onitu.once()

    assert onitu.apart() == []
    assert run.log.transfers == []


def test_copies_under_other_names_hide_nothing(new_setup: Setups) -> None:
    """P16: everything replaced by as much under other names, as by a program that encrypts it, is held."""
    onitu = _filled(new_setup)
    onitu.once()
    before = onitu.tree("b")
    for path in [p for p in (onitu["a"] / "many").rglob("*") if p.is_file()]:
        path.with_name(path.name + ".locked").write_bytes(path.read_bytes()[::-1] + b"!")
        path.unlink()
    onitu.once(expect=1)

    assert before.keys() <= onitu.tree("b").keys()


def test_the_limit_is_that_of_the_setup(new_setup: Setups) -> None:
    """B11, B6: `max-delete` of the most specific level counts; percent 100 holds nothing back."""
    onitu = _filled(new_setup)
    onitu.folders["docs"] = {"max-delete": {"percent": 0, "files": 0}}
    onitu.services["a"]["max-delete"] = {"percent": 100}
    onitu.once()
    _lose(onitu, "a")
    onitu.once()
    assert list(onitu.tree("b")) == ["other.txt"]
    (onitu["b"] / "other.txt").unlink()
    onitu.once(expect=1)

    assert list(onitu.tree("a")) == ["other.txt"]


def test_nothing_held_nothing_decided(new_setup: Setups) -> None:
    """F1: deciding about nothing is an error that says where to look."""
    onitu = _filled(new_setup)
    onitu.once()
    run = _holds(onitu, "approve", "a", "docs")

    assert run.process.returncode == 1
    assert "nothing is held of folder 'docs' on service 'a'" in run.log.tail()


def _roll_back(onitu: Onitu) -> None:
    """Has every file in the directory get another content that is an hour older, as from a backup."""
    for path in (onitu["a"] / "many").rglob("*"):
        if path.is_file():
            modified = path.stat().st_mtime - 3600
            path.write_bytes(b"from the backup: " + path.read_bytes()[:10])
            os.utime(path, (modified, modified))


@pytest.mark.parametrize("order", ["approve", "restore"])
def test_a_restored_backup_is_held(new_setup: Setups, order: str) -> None:
    """P17: a service that shows older content for many files rolls nobody back before somebody has said so."""
    onitu = _filled(new_setup)
    onitu.once()
    before = onitu.tree("b")
    _roll_back(onitu)
    shown = onitu.tree("a")
    assert "60 files have older content" in onitu.once(expect=1).output
    assert onitu.tree("b") == before
    assert "60 files have older content" in _holds(onitu).output
    _holds(onitu, order, "a", "docs")
    onitu.once()

    assert onitu.apart() == []
    after = onitu.tree("b")
    if order == "approve":
        assert after == shown
    else:
        assert after.items() >= before.items()
        assert sum("(conflict " in path for path in after) == 60


def test_a_few_older_files_are_edits(new_setup: Setups) -> None:
    """P17: up to twenty files may be replaced by older ones; they are synced like any edit."""
    onitu = new_setup("a", "b")
    fill(onitu["a"] / "many", 5, files=20)
    core = onitu.serve()
    _roll_back(onitu)
    shown = onitu.tree("a")
    onitu.converge(core)

    assert onitu.tree("b") == shown
