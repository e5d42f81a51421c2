"""What belongs on which service, on real processes: filters, rules, ignore files, and what crosses their borders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import Core
from tests.functional.trees import HIDDEN, digest_of, digests, write

EARLIER = "what is said first"


def of(**options: Any) -> dict[str, Any]:  # noqa: ANN401 - a piece of YAML.
    """Describes a local service whose folder has options."""
    return {"folders": {FOLDER: {"path": ".", **options}}}


def files(onitu: Onitu, name: str) -> set[str]:
    """Returns the paths of the files and directories of a service, without what Onitu keeps there for itself."""
    return {path for path in onitu.tree(name) if HIDDEN not in path.split("/")}


class Life:
    """A setup that is changed while the core runs, or between two runs of it."""

    def __init__(self, onitu: Onitu, *, live: bool) -> None:
        self.onitu = onitu
        self._core: Core | None = None
        self._live = live

    def sync(self) -> Core:
        """Has everything brought to rest that was done so far."""
        if not self._live:
            return self.onitu.once()
        if self._core is None:
            self._core = self.onitu.serve()
            return self._core
        # A file of its own, made last, arrives last; then nothing else is under way.
        count = len(list(self.onitu["a"].glob("mark*")))
        write(self.onitu["a"] / f"mark{count}.mp3", f"mark {count}")
        self._core.wait_until(
            lambda: all((self.onitu[name] / f"mark{count}.mp3").exists() for name in self.onitu.local[:2]), "the mark"
        )
        return self._core

    def has(self, name: str, *paths: str) -> None:
        """Expects a service to hold these paths and nothing else, marks apart."""
        self.expect(lambda: self._found(name) == set(paths), f"{name} holds {paths}")

    def expect(self, condition: Callable[[], bool], what: str) -> None:
        """Expects something; where the core runs it may take its time."""
        if self._core is not None:
            self._core.wait_until(condition, what)
        assert condition(), what

    def _found(self, name: str) -> set[str]:
        return {path for path in files(self.onitu, name) if not path.startswith("mark")}


@pytest.fixture(params=["live", "offline"])
def live(request: pytest.FixtureRequest) -> bool:
    """Whether changes are made while the core runs."""
    return bool(request.param == "live")


def test_a_filter_of_each_kind(new_setup: Setups) -> None:
    """F6, B8, B9, B10, B6: what a filter refuses is neither read from nor written to that place; the log says why."""
    onitu = new_setup(
        "a",
        by_type=of(type=["audio", "image/png"]),
        by_size=of(**{"min-size": 3, "max-size": "1k"}),
        by_black=of(blacklist=["*.tmp", "/private/"]),
        by_white=of(whitelist=["*.txt", "/music/*"]),
    )
    for path, content in {
        "x.mp3": "sound", "x.png": "image", "x.txt": "text", "x.tmp": "scratch", "tiny.txt": "ab",
        "large.txt": "x" * 1001, "private/x.txt": "secret", "music/x.ogg": "sound too",
    }.items():  # fmt: skip
        write(onitu["a"] / path, content)
    write(onitu["by_type"] / "own.txt", "of another type")
    write(onitu["by_size"] / "own.txt", "y" * 2000)
    run = onitu.once()

    assert files(onitu, "by_type") == {"x.mp3", "x.png", "music", "music/x.ogg", "own.txt"}
    assert files(onitu, "by_size") == {
        "x.mp3", "x.png", "x.txt", "x.tmp", "private", "private/x.txt", "music", "music/x.ogg", "own.txt",
    }  # fmt: skip
    assert files(onitu, "by_black") == {"x.mp3", "x.png", "x.txt", "tiny.txt", "large.txt", "music", "music/x.ogg"}
    assert files(onitu, "by_white") == {
        "x.txt", "tiny.txt", "large.txt", "private", "private/x.txt", "music", "music/x.ogg",
    }  # fmt: skip
    assert run.log.named("file_ignored", service="by_type", path="own.txt", cause="type")
    assert run.log.named("file_ignored", service="by_size", path="own.txt", cause="size")
    second = onitu.once()
    assert not second.log.named("transfer_finished")


def test_a_file_that_grows_past_the_largest_size(new_setup: Setups, *, live: bool) -> None:
    """B9, P20: what grows out of a folder's scope is deleted nowhere, and synced again once it is small."""
    onitu = new_setup("a", "b")
    onitu.folders[FOLDER] = {"max-size": 100}
    life = Life(onitu, live=live)
    write(onitu["a"] / "f", "small")
    life.sync()
    life.has("b", "f")

    write(onitu["a"] / "f", "large" * 100)
    core = life.sync()
    assert core.log.named("file_ignored", path="f", cause="size")
    assert (onitu["b"] / "f").read_text() == "small"
    assert (onitu["a"] / "f").read_text() == "large" * 100

    write(onitu["a"] / "f", "small again")
    life.sync()
    both = {digest_of("small"), digest_of("small again")}
    life.expect(lambda: both <= digests(onitu.tree("b")), "both contents are kept")


def test_a_rename_out_of_the_blacklist_and_back(new_setup: Setups, *, live: bool) -> None:
    """F6, B10: a file comes with an admitted name and goes with a refused one; its bytes stay where it was renamed."""
    onitu = new_setup("a", "b")
    onitu.folders[FOLDER] = {"blacklist": ["*.tmp", "/drafts/"]}
    life = Life(onitu, live=live)
    write(onitu["a"] / "x.tmp", "written bit by bit")
    write(onitu["a"] / "drafts/deep/y.txt", "a draft")
    life.sync()
    life.has("b")

    (onitu["a"] / "x.tmp").rename(onitu["a"] / "x.txt")
    (onitu["a"] / "drafts").rename(onitu["a"] / "done")
    life.sync()
    life.has("b", "x.txt", "done", "done/deep", "done/deep/y.txt")

    (onitu["a"] / "x.txt").rename(onitu["a"] / "x.tmp")
    (onitu["a"] / "done").rename(onitu["a"] / "drafts")
    life.sync()
    life.has("b")
    life.has("a", "x.tmp", "drafts", "drafts/deep", "drafts/deep/y.txt")
    assert digest_of("a draft") in digests(onitu.retained("b"))


def test_a_file_that_changes_its_type(new_setup: Setups, *, live: bool) -> None:
    """F6, B8: a file that gets another type leaves the service where only the old one belongs, and comes back."""
    onitu = new_setup("a", "b", music=of(type="audio"))
    life = Life(onitu, live=live)
    write(onitu["a"] / "x.mp3", "sound")
    life.sync()
    life.has("music", "x.mp3")

    (onitu["a"] / "x.mp3").rename(onitu["a"] / "x.txt")
    life.sync()
    life.has("music")
    life.has("b", "x.txt")

    (onitu["a"] / "x.txt").rename(onitu["a"] / "y.mp3")
    life.sync()
    life.has("music", "y.mp3")
    life.has("b", "y.mp3")


def test_moves_between_folders_and_out_of_all_of_them(new_setup: Setups, *, live: bool) -> None:
    """F6, G14: a file that is moved to another folder follows; one that is moved out of all of them is deleted."""
    both = {FOLDER: {"path": FOLDER}, "music": None}
    onitu = new_setup(a={"folders": both}, b={"folders": both}, music={"folders": {"music": {"path": "."}}})
    onitu.folders = {FOLDER: None, "music": None}
    for path in ("docs/kept.txt", "docs/song.mp3", "docs/leaves.txt"):
        write(onitu["a"] / path, f"content of {path}")
    core = onitu.serve() if live else onitu.once()

    def bring(wanted: set[str], name: str) -> None:
        if live:
            core.wait_until(lambda: files(onitu, name) == wanted, f"{name} holds {wanted}")
        assert files(onitu, name) == wanted

    bring({"docs", "docs/kept.txt", "docs/song.mp3", "docs/leaves.txt", "music"}, "b")
    (onitu["a"] / "docs/song.mp3").rename(onitu["a"] / "music/song.mp3")
    (onitu["a"] / "docs/leaves.txt").rename(onitu["a"] / "leaves.txt")
    if not live:
        onitu.once()
    bring({"docs", "docs/kept.txt", "music", "music/song.mp3"}, "b")
    bring({"song.mp3"}, "music")
    assert (onitu["a"] / "leaves.txt").read_text() == "content of docs/leaves.txt"
    assert (onitu["music"] / "song.mp3").read_text() == "content of docs/song.mp3"


def test_an_ignore_file(new_setup: Setups, *, live: bool) -> None:
    """B17: `.onituignore` is synced and holds everywhere; what it newly ignores stays, what it lets go is synced."""
    onitu = new_setup("a", "b")
    life = Life(onitu, live=live)
    write(onitu["a"] / ".onituignore", "*.log\n!kept.log\nbuild/\n")
    for path in ("x.log", "kept.log", "build/x.txt", "x.txt"):
        write(onitu["a"] / path, path)
    write(onitu["b"] / "own.log", "ignored there as well")
    life.sync()
    life.has("b", ".onituignore", "kept.log", "x.txt", "own.log")

    write(onitu["b"] / ".onituignore", "build/\nx.txt\n")
    core = life.sync()
    life.expect(
        lambda: bool(core.log.named("file_unmanaged", service="b", path="x.txt", cause="ignored")),
        "x.txt is said to be left alone",
    )
    life.has("a", ".onituignore", "x.log", "kept.log", "build", "build/x.txt", "x.txt", "own.log")
    life.has("b", ".onituignore", "x.log", "kept.log", "x.txt", "own.log")
    write(onitu["a"] / "x.txt", "edited, and ignored by now")
    life.sync()
    assert (onitu["b"] / "x.txt").read_text() == "x.txt"

    (onitu["a"] / ".onituignore").unlink()
    life.sync()
    life.expect(lambda: {"build/x.txt", "x.log"} <= files(onitu, "b"), "what was ignored is synced")


def test_names_that_are_ignored_by_default(new_setup: Setups) -> None:
    """B17: what systems and programs leave beside files is not synced, unless the setup says so."""
    onitu = new_setup("a", "b")
    for path in (".DS_Store", "Thumbs.db", "~$letter.docx", "x.part", "x.txt"):
        write(onitu["a"] / path, path)
    run = onitu.once()
    assert files(onitu, "b") == {"x.txt"}
    assert run.log.named("file_ignored", path=".DS_Store", cause="ignored")

    onitu.folders[FOLDER] = {"default-ignores": False}
    onitu.once()
    assert files(onitu, "b") == files(onitu, "a")


def test_another_filter_deletes_nothing(new_setup: Setups) -> None:
    """P20, F3: what a new filter refuses stays everywhere; it is said to be unmanaged; taken away, all is as before."""
    onitu = new_setup("a", "b")
    for path in ("x.tmp", "d/y.tmp", "z.txt"):
        write(onitu["a"] / path, path)
    onitu.once()

    onitu.folders[FOLDER] = {"blacklist": "*.tmp"}
    run = onitu.once()
    assert run.log.named("file_unmanaged", service="b", path="x.tmp", cause="blacklist")
    assert run.log.named("files_unmanaged", service="b", files=2)
    (onitu["a"] / "d/y.tmp").unlink()
    write(onitu["a"] / "x.tmp", "edited")
    onitu.once()
    assert (onitu["b"] / "d/y.tmp").read_text() == "d/y.tmp"
    assert (onitu["b"] / "x.tmp").read_text() == "x.tmp"

    onitu.folders[FOLDER] = None
    onitu.once()
    assert onitu.apart() == []
    assert {"d/y.tmp", "x.tmp", "z.txt"} < files(onitu, "a")


def test_rules_say_where_files_go(new_setup: Setups, *, live: bool) -> None:
    """C1, C2, C3, C4: a file goes to the services that rules name, and stays where it came from."""
    onitu = new_setup("a", "b", "c")
    onitu.rules = [
        {"match": {"path": f"/{FOLDER}/backedup/"}, "sync": ["b"]},
        {"match": {"extension": ["mp3"]}, "sync": ["b", "c"]},
        {"match": {"size": {"min": 1000}}, "ban": ["c"]},
    ]
    for path, size in {"backedup/x": 1, "backedupnot/x": 1, "x.mp3": 1, "large.MP3": 2000, "nowhere": 1}.items():
        write(onitu["a"] / path, "x" * size)
    life = Life(onitu, live=live)
    life.sync()

    life.has("b", "backedup", "backedup/x", "x.mp3", "large.MP3")
    life.has("c", "x.mp3")
    write(onitu["b"] / "backedup/x", "edited in b")
    life.sync()
    life.expect(lambda: (onitu["a"] / "backedup/x").read_text() == "edited in b", "an edit comes back to its origin")


def test_other_rules_copy_and_delete_nothing(new_setup: Setups) -> None:
    """C5: newly named services get what exists; where a file is no longer routed it stays and is unmanaged."""
    onitu = new_setup("a", "b", "c")
    onitu.rules = [{"sync": ["b"]}]
    write(onitu["a"] / "d/x", "first")
    onitu.once()
    assert files(onitu, "c") == set()

    onitu.rules = [{"sync": ["c"]}]
    run = onitu.once()
    assert files(onitu, "c") == files(onitu, "b") == {"d", "d/x"}
    assert run.log.named("file_unmanaged", service="b", path="d/x", cause="no rule")
    write(onitu["a"] / "d/x", "second")
    onitu.once()
    assert (onitu["b"] / "d/x").read_text() == "first"
    assert (onitu["c"] / "d/x").read_text() == "second"

    onitu.rules = None
    onitu.once()
    assert onitu.apart() == []
    assert digest_of("first") in digests(onitu.tree("a"))


def test_a_refused_entry_keeps_its_directory(new_setup: Setups) -> None:
    """P20: a directory in which something lies that Onitu leaves alone is not deleted, and nobody waits for it."""
    onitu = new_setup("a", "b")
    onitu.folders[FOLDER] = {"blacklist": "*.tmp"}
    write(onitu["a"] / "d/x.txt", "goes")
    onitu.once()
    write(onitu["b"] / "d/own.tmp", "stays")
    (onitu["a"] / "d/x.txt").unlink()
    (onitu["a"] / "d").rmdir()
    onitu.once(expect=None)

    assert files(onitu, "b") == {"d", "d/own.tmp"}
