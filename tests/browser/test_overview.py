"""The overview, from the first look to a driver that dies."""

from __future__ import annotations

import os
import signal

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


def test_a_driver_that_dies(new_setup: Setups, window: Window) -> None:
    """E15: a killed driver fails and comes back, and a missing root halts a service, without a reload."""
    onitu = new_setup("laptop", "nas")
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    core = onitu.serve()
    window.open(core)
    window.sees("Everything is up to date.")

    gone = onitu["nas"].rename(onitu["nas"].with_name("unmounted"))
    window.sees("nas is halted")
    window.check("overview-halted")
    gone.rename(onitu["nas"])
    window.sees("Everything is up to date.")

    started = core.log.named("service_started", service="nas")
    os.kill(started[-1]["pid"], signal.SIGKILL)
    core.wait_for("service_failed", service="nas")
    core.wait_until(lambda: core.log.named("service_started", service="nas") != started, "it is started again")
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
