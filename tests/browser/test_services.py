"""Services: looked at, stopped and started."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Window, Windows
from tests.functional.harness import Setups


def test_steering(new_setup: Setups, window: Window) -> None:
    """E5-E9, E15: plots, stop, start and restart from the page, each shown when it is so."""
    onitu = new_setup("laptop", "nas")
    core = onitu.serve()
    window.open(core)
    window.go("Services")
    card = window.article("nas")
    window.sees("Active", within=card)
    window.press("Stop nas", within=card)
    window.sees("Stopped", within=card)
    core.wait_for("service_stopped", service="nas")
    (onitu["laptop"] / "new.txt").write_text("x")
    window.sees("1 file to go", within=card)
    window.press("Start nas", within=card)
    window.sees("Active", within=card)
    window.press("Restart nas", within=card)
    window.sees("nas has been started anew.")
    window.sees("Active", within=card)
    expect(card.get_by_role("img", name="Memory: ")).to_be_visible()
    window.check("services")


def test_one_service(new_setup: Setups, windows: Windows) -> None:
    """E15: one service with its folders, its log and its last errors, on a phone in the dark."""
    onitu = new_setup("laptop", nas={"root": "/proc/nothing/here"})
    core = onitu.start()
    window = windows(phone=True, dark=True)
    window.open(core, "services/nas")
    window.shows("nas")
    window.sees("Failed")
    window.sees("service failed", within=window.page.get_by_role("region", name="Last errors"))
    window.sees("no such file or directory", within=window.page.get_by_role("region", name="Log"))
    window.check("service")


def test_pause(new_setup: Setups, window: Window) -> None:
    """E15: a paused service is watched, and nothing moves there until it is resumed."""
    onitu = new_setup("laptop", "nas")
    core = onitu.serve()
    window.open(core, "services/nas")
    window.press("Pause nas")
    window.sees("Paused")
    (onitu["laptop"] / "new.txt").write_text("x")
    window.sees("Paused, 1 to go")
    window.press("Resume nas")
    window.sees("Up to date")
    assert (onitu["nas"] / "new.txt").read_text() == "x"
