"""A service is added, and taken away, from the page alone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Window, Windows
from tests.functional.harness import Setups


def test_a_second_directory(new_setup: Setups, window: Window) -> None:
    """E15: somebody who has one directory adds another by a form, sees it fill, and takes it away again."""
    onitu = new_setup("laptop")
    for number in range(40):
        (onitu["laptop"] / f"{number}.txt").write_text(str(number))
    core = onitu.serve()
    page = window.page
    window.open(core)
    window.sees("Add a second one, and both become the same.")
    page.get_by_role("link", name="Add a service").click()
    window.shows("Add a service")
    window.press("Add the service")
    window.sees("It needs a name.")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    window.check("add-faults")
    page.get_by_label("Name", exact=True).fill("second disk")
    expect(page.get_by_text("It needs a name.")).to_have_count(0)
    page.get_by_label("Root", exact=True).fill(str(onitu["second disk"]))
    page.get_by_label("Directory below the root").fill(".")
    window.sees(f"The files will be in {onitu['second disk']}.")
    window.check("add")
    window.press("Add the service")
    window.shows("second disk")
    window.sees("Up to date")
    window.sees("40 files, ")
    window.check("added")
    onitu.converge(core, "laptop", "second disk")
    window.go("Transfers")
    expect(page.get_by_text("Arrived just now")).to_have_count(40)
    window.check("arrived")
    window.go("Overview")
    expect(page.get_by_role("row", name="docs").get_by_role("cell")).to_have_text(["Up to date", "Up to date"])
    window.open(core, "services/second%20disk")
    window.press("Remove")
    window.press("Remove", within=page.get_by_role("dialog"))
    window.shows("Services")
    expect(page.get_by_role("article", name="second disk")).to_have_count(0)
    assert len(onitu.tree("second disk")) == 40


def test_the_form_follows_the_manifest(new_setup: Setups, windows: Windows) -> None:
    """M2: the field for each type of option; what the core finds stands beside the field."""
    onitu = new_setup("laptop")
    core = onitu.serve()
    window = windows(phone=True)
    window.expected.append("400")
    page = window.page
    window.open(core, "add")
    page.get_by_label("Name", exact=True).fill("store")
    page.get_by_label("Kind").select_option("memory")
    expect(page.get_by_label("Ways to read and write content")).to_have_role("combobox")
    expect(page.get_by_label("Native ids")).to_be_checked()
    size = page.get_by_label("Largest whole file")
    size.fill("large")
    window.press("Add the service")
    expect(size).to_have_attribute("aria-invalid", "true")
    window.sees("should be of type 'integer'")
    window.check("add-memory")
    size.fill("1000000")
    page.get_by_label("docs", exact=True).uncheck()
    page.get_by_role("button", name="Another, new folder").click()
    page.get_by_label("Name of the new folder").fill("Fotos 写真")
    window.press("Add the service")
    window.shows("store")
    window.sees("Fotos 写真")
