"""What was replaced or deleted is seen and had back from the page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Windows
from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.processes import Core
from tests.functional.trees import write

NAME = "späße/日本 1.txt"


def edited(new_setup: Setups) -> tuple[Onitu, Core]:
    """Starts two services, of which one keeps what was replaced and what was deleted."""
    onitu = new_setup("laptop", "nas")
    write(onitu["laptop"] / NAME, "first")
    write(onitu["laptop"] / "old.txt", "old")
    core = onitu.serve()
    onitu.converge(core)
    write(onitu["laptop"] / NAME, "second")
    (onitu["laptop"] / "old.txt").unlink()
    onitu.converge(core)
    return onitu, core


def test_what_is_kept_comes_back(new_setup: Setups, windows: Windows) -> None:
    """E15, B11: the trash of a folder on a service is listed, a copy comes back, and the rest is removed for good."""
    onitu, core = edited(new_setup)
    window = windows()
    page = window.page
    window.open(core)
    window.go("Trash")
    window.sees("2 copies, 8 B, newest first")
    expect(page.get_by_role("row")).to_have_count(3)
    window.check("trash")
    page.get_by_label("A part of the path").fill("OLD")
    window.sees("1 copy, 3 B")
    window.press(f"Restore {FOLDER}/old.txt from nas")
    window.sees("old.txt is back.")
    core.wait_until((onitu["laptop"] / "old.txt").exists, "it is synced")
    page.get_by_label("A part of the path").fill("")
    page.get_by_label("Service", exact=True).select_option("laptop")
    window.sees("Nothing is kept")
    page.get_by_label("Service", exact=True).select_option("nas")
    page.get_by_label("Folder", exact=True).select_option(FOLDER)
    window.press(f"Restore {FOLDER}/{NAME} from nas")
    window.sees(f"{NAME} is back as späße/日本 1 (restored ")
    window.press("Empty")
    window.press("Empty it", within=page.get_by_role("dialog"))
    window.sees("Nothing is kept")
    assert (onitu["nas"] / NAME).read_text() == "second"


def test_the_trash_on_a_phone(new_setup: Setups, windows: Windows) -> None:
    """E15: every screen is reached on a phone; a service that cannot be asked what it keeps is named."""
    onitu, core = edited(new_setup)
    window = windows(phone=True, dark=True)
    page = window.page
    window.open(core)
    window.go("Trash")
    window.sees("2 copies")
    window.check("trash")
    window.go("Services")
    window.press("Stop nas")
    core.wait_for("service_stopped", service="nas")
    window.go("Trash")
    window.sees("nas could not be asked what it keeps: it is not active now")
    expect(page.get_by_role("link", name="Trash")).to_be_in_viewport()
    assert onitu.tree("nas")
