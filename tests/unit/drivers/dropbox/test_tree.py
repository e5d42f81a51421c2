"""A folder as it was listed."""

from __future__ import annotations

from typing import Any, cast

import pytest
from onitu_dropbox.api import Api
from onitu_dropbox.tree import Tree

from onitu.plug import Kind, Present

ROOT = "/Root"


class Pages:
    """Answers with these pages, one after the other."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self._pages = list(pages)
        self.asked: list[tuple[str, Any]] = []

    def ask(self, route: str, argument: object, **_more: object) -> dict[str, Any]:
        self.asked.append((route, argument))
        page = self._pages.pop(0)
        return {"entries": page, "cursor": f"after {len(self.asked)}", "has_more": bool(self._pages)}


def _entry(tag: str, path: str, **more: object) -> dict[str, Any]:
    shown = f"{ROOT}/{path}" if path else ROOT
    rev = {"rev": "0123456789", "size": 1} if tag == "file" else {}
    return {".tag": tag, "name": shown.rpartition("/")[2], "path_display": shown, "id": f"id:{path}", **rev, **more}


def _listed(*pages: list[dict[str, Any]]) -> tuple[Tree, Pages]:
    asked = Pages(*pages)
    tree = Tree(cast("Api", asked), ROOT)
    own = tree.begin()
    assert own is None or own["id"] == "id:"
    list(tree.complete())
    return tree, asked


def test_everything_is_listed_at_once() -> None:
    """D10: pages become directories; what is said of the folder itself is told apart; each is had once."""
    tree, asked = _listed(
        [_entry("folder", ""), _entry("folder", "D"), _entry("file", "D/One")],
        [_entry("file", "top"), _entry("deleted", "gone")],
    )
    assert tree.is_fresh
    assert tree.cursor == "after 2"
    assert asked.asked[1] == ("files/list_folder/continue", {"cursor": "after 1"})
    assert [name for name, _ in tree.take("") or []] == ["D", "top"]
    assert [name for name, _ in tree.take("D") or []] == ["One"]
    assert tree.take("D") is None
    assert not tree.is_fresh


def test_parents_that_come_late() -> None:
    """D10: what comes before its directories makes them; what is said of them later counts."""
    tree, _ = _listed([_entry("file", "a/B/file"), _entry("folder", "A")])
    [(name, state)] = tree.take("") or []
    assert (name, state.kind) == ("A", Kind.DIRECTORY) if isinstance(state, Present) else False
    assert [name for name, _ in tree.take("A") or []] == ["B"]
    assert [name for name, _ in tree.take("A/B") or []] == ["file"]


def test_spelling() -> None:
    """D10: of a path only the last part is sure: directories are spelled as they are themselves."""
    tree, _ = _listed([_entry("folder", "Photos"), _entry("folder", "photos/2001")])
    for path in ("", "Photos"):
        tree.take(path)
    entry = _entry("file", "PHOTOS/2001/A.jpg")
    key = tree.key(entry)
    assert key == "photos/2001/a.jpg"
    assert tree.path(key, "A.jpg") == "Photos/2001/A.jpg"
    assert tree.knows("photos/2001")


@pytest.mark.parametrize("path", ["/elsewhere/x", "/rootless", "/"])
def test_what_lies_elsewhere(path: str) -> None:
    """D10: it is no part of the folder."""
    tree, _ = _listed([])
    assert tree.key({"path_display": path}) is None


def test_what_changes_is_listed_by_itself() -> None:
    """D10: the directory that something changes in, and all below what changes."""
    tree, _ = _listed([_entry("file", "a/x"), _entry("file", "a/b/y"), _entry("file", "c/z")])
    tree.drop("a/b")
    assert tree.take("a") is None
    assert tree.take("a/b") is None
    assert tree.take("c") is not None


def test_directories_that_go() -> None:
    """D10: with one that goes, those below it are not known any more."""
    tree, _ = _listed([])
    for path in ("a", "a/b", "ab"):
        tree.remember(path, there=True)
    tree.remember("A", there=False)
    assert [tree.knows(path) for path in ("a", "a/b", "ab")] == [False, False, True]
