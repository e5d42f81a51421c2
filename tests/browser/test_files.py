"""The file browser: tree, list, search, and one file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.window import Window, Windows
from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core

ODD = "Größe 名前 100%"
SUN = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><circle cx="30" cy="20" r="18"/></svg>'


@pytest.fixture(scope="module")
def served(new_shared_setup: Setups) -> tuple[Onitu, Core]:
    """A core with some files; one service does not take all of them."""
    onitu = new_shared_setup("laptop", nas={"blacklist": "*.log"})
    for path, text in {
        "read me.txt": "Hello\n",
        f"letters/{ODD}.txt": "Grüße\n",
        "letters/old/offer.txt": "12,000 euros\n",
        "server.log": "up\n",
        "sun.svg": SUN,
    }.items():
        file = onitu["laptop"] / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return onitu, onitu.serve()


def test_down_the_tree(served: tuple[Onitu, Core], window: Window) -> None:
    """E14, E15: from the folders down to a file, by its directories, whatever their names."""
    page = window.page
    window.open(served[1])
    window.go("Files")
    window.check("files-folders")
    page.get_by_label("Content", exact=True).get_by_role("link", name="docs").click()
    page.get_by_role("rowheader", name="letters").get_by_role("link").click()
    window.sees(f"{ODD}.txt")
    window.check("files")
    tree = page.get_by_label("Folders", exact=True)
    tree.get_by_role("link", name="old").click()
    page.get_by_role("link", name="offer.txt").click()
    window.shows("offer.txt")
    window.sees("12,000 euros")
    page.go_back()
    expect(page.get_by_role("link", name="offer.txt")).to_be_visible()


def test_one_file(served: tuple[Onitu, Core], window: Window, tmp_path: Path) -> None:
    """E15: who has which version, what became of it, why, its content, and a copy of it."""
    page = window.page
    window.open(served[1], "file/docs/server.log")
    window.shows("server.log")
    why = page.get_by_role("region", name="Where it is, and why")
    window.sees("up to date", within=why)
    window.sees("does not get it", within=why)
    window.sees("blacklist", within=why)
    window.sees("first seen on laptop", within=page.get_by_role("region", name="History"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "copy")
    assert (download.value.suggested_filename, (tmp_path / "copy").read_text()) == ("server.log", "up\n")
    (served[0]["laptop"] / "server.log").write_text("up\ndown\n")
    window.sees("Version 2")
    window.check("file")


def test_an_image(served: tuple[Onitu, Core], window: Window) -> None:
    """E15: an image is shown, and what it may contain is not run."""
    window.open(served[1], "file/docs/sun.svg")
    image = window.page.get_by_role("img", name="sun.svg")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 60


def test_search(served: tuple[Onitu, Core], windows: Windows) -> None:
    """E15: a part of a path finds files, in any case; what a service lacks can be listed."""
    window = windows(phone=True)
    page = window.page
    window.open(served[1], "files")
    page.get_by_role("searchbox").fill("GRÖSSE".replace("SS", "ß"))
    window.sees(f"docs/letters/{ODD}.txt")
    window.check("search")
    page.get_by_role("searchbox").fill("nobody has this")
    window.sees("No file has that in its path")
    window.open(served[1], "files/docs?service=nas")
    window.sees("Nothing is missing")


def test_what_is_not_there(served: tuple[Onitu, Core], window: Window) -> None:
    """E13: an address of something that is gone says so."""
    window.expected.append("404")
    window.open(served[1], "file/docs/gone.txt")
    window.sees("file docs/gone.txt not found")


def test_files_come_and_go(served: tuple[Onitu, Core], window: Window) -> None:
    """E15: a directory that is shown stays true."""
    window.open(served[1], "files/docs/letters/old")
    window.sees("offer.txt")
    new = served[0]["nas"] / "letters" / "old" / "draft.txt"
    new.write_text("draft")
    window.sees("draft.txt")
    new.unlink()
    expect(window.page.get_by_role("link", name="draft.txt")).to_have_count(0)
