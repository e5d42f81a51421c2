"""The overview, from the first look to a driver that dies."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Window, Windows
from tests.functional.harness import Setups


def test_folders_and_services(new_setup: Setups, window: Window) -> None:
    """E15: every folder on every service; a new file is counted without a reload."""
    onitu = new_setup("laptop", "nas", disk={"folders": {"docs": {"path": ".", "mode": "w"}}})
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    core = onitu.serve()

    window.open(core)
    window.shows("Overview")
    window.sees("Everything is up to date.")
    window.sees("1 file, 12 B")
    cells = window.page.get_by_role("row", name="docs").get_by_role("cell")
    expect(cells).to_have_text(["Up to date", "Up to date", "Up to datewrite only"])
    window.check("overview-at-rest")
    (onitu["nas"] / "second.txt").write_text("x" * 12)
    window.sees("2 files, 24 B")


def test_a_root_that_is_gone(new_setup: Setups, window: Window) -> None:
    """E15: a missing root halts a service; what can be done is said, and it goes on by itself, without a reload."""
    onitu = new_setup("laptop", "nas")
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    core = onitu.serve()
    window.open(core)
    window.sees("Everything is up to date.")

    gone = onitu["nas"].rename(onitu["nas"].with_name("unmounted"))
    window.sees("nas is halted")
    window.check("overview-halted")
    window.page.get_by_role("link", name="Look at it").click()
    window.shows("Holds")
    window.sees("is not there")
    window.check("holds-halted")
    gone.rename(onitu["nas"])
    window.sees("Nothing is held")
    window.go("Overview")
    window.sees("Everything is up to date.")


def test_nothing_yet(new_setup: Setups, windows: Windows) -> None:
    """E15: without a service the page says how to begin."""
    onitu = new_setup()
    onitu.folders = {}
    core = onitu.start()
    window = windows(phone=True)
    window.open(core)
    window.sees("Nothing is kept in sync yet")
    window.check("overview-empty")
