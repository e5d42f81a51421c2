"""Services and folders are changed from the page: with the form a service was added with."""

from __future__ import annotations

import pytest
import yaml
from playwright.sync_api import Locator, expect

from tests.browser.window import Window, Windows
from tests.functional.harness import FOLDER, Onitu, Setups


def exported(onitu: Onitu) -> dict[str, dict[str, object]]:
    """Returns the services as the setup in force has them, secrets included."""
    run = onitu.run("config", "export", "-c", str(onitu.file), "--data-dir", str(onitu.data))
    assert run.wait() == 0
    services: dict[str, dict[str, object]] = yaml.safe_load(run.output)["services"]
    return services


def place(window: Window, name: str) -> Locator:
    """Returns the part of a form that is about a folder or a service."""
    return window.page.locator(".place").filter(has=window.page.get_by_text(name, exact=True))


def test_a_service_is_changed(new_setup: Setups, window: Window) -> None:
    """E15, B11: options, folders and schedule are changed by the form; what is wrong stands beside its field."""
    onitu = new_setup("laptop", "nas")
    onitu.services["nas"]["bandwidth"] = {"up": "100M"}
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    core = onitu.serve()
    onitu.converge(core)
    window.expected.append("400")
    page = window.page
    window.open(core, "services/nas")
    page.get_by_role("link", name="Change", exact=True).click()
    window.shows("Change nas")
    expect(page.get_by_label("Root", exact=True)).to_have_value(str(onitu["nas"]))
    expect(place(window, FOLDER).get_by_label("Directory below the root")).to_have_value(".")
    window.sees("Kept as they are: bandwidth.")
    page.get_by_text("More settings").click()
    rescan = page.get_by_label("Seconds between listings")
    rescan.fill("soon")
    page.get_by_label("Times").fill("22:00-06:00; 8 o'clock")
    window.press("Keep the changes")
    expect(page.get_by_label("Times")).to_have_attribute("aria-invalid", "true")
    window.sees("'8 o'clock' is no span of time")
    page.get_by_label("Times").fill("22:00-06:00; sat,sun")
    window.press("Keep the changes")
    expect(rescan).to_have_attribute("aria-invalid", "true")
    expect(rescan).to_be_focused()
    window.sees("should be of type 'integer'")
    window.check("change")
    rescan.fill("7")
    page.get_by_role("button", name="Another, new folder").click()
    page.get_by_label("Name of the new folder").fill("Fotos 写真")
    place(window, FOLDER).get_by_label("Directory below the root").fill("papers")
    window.press("Keep the changes")
    window.shows("nas")
    window.sees("nas has been changed.")
    window.sees("Fotos 写真")
    core.stop()
    block = exported(onitu)["nas"]
    assert block["options"] == {"root": str(onitu["nas"]), "rescan_interval": 7}
    assert block["schedule"] == ["22:00-06:00", "sat,sun"]
    assert block["folders"] == {FOLDER: {"path": "papers"}, "Fotos 写真": {}}
    assert block["bandwidth"] == {"up": "100M"}


def test_secrets_are_kept_and_not_shown(new_setup: Setups, windows: Windows) -> None:
    """B12, E15: a secret is said to be set, goes nowhere else, is kept until another is typed, can be taken out."""
    onitu = new_setup("laptop")
    password = "open sesame"  # noqa: S105 - for nobody
    far = {"url": "http://127.0.0.1:1/dav", "username": "ada", "password": password}
    onitu.services["cloud"] = {"driver": "webdav", "folders": {FOLDER: None}, **far}
    core = onitu.start()
    window = windows(phone=True, dark=True)
    page = window.page
    window.open(core, "services/cloud/change")
    window.shows("Change cloud")
    page.get_by_text("More settings").click()
    field = page.get_by_label("Password", exact=True)
    expect(field).to_have_value("")
    expect(field).to_have_attribute("placeholder", "set, not shown")
    window.check("change-secret")
    page.get_by_label("Times").fill("sat,sun")
    window.press("Keep the changes")
    window.shows("cloud")
    assert password not in page.content()
    window.open(core, "services/cloud/change")
    page.get_by_text("More settings").click()
    page.get_by_label("User name", exact=True).fill("grace")
    window.expected.append("400")
    window.press("Keep the changes")
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    window.sees("type the secret again")
    page.get_by_label("Password", exact=True).fill("close sesame")
    window.press("Keep the changes")
    window.shows("cloud")
    core.stop()
    block = exported(onitu)["cloud"]
    assert block["options"] == {"url": far["url"], "username": "grace", "password": "close sesame"}
    assert block["schedule"] == ["sat,sun"]

    core = onitu.start()
    window.expected.append("net::ERR")
    window.open(core, "services/cloud/change")
    page.get_by_text("More settings").click()
    page.get_by_label("Take it out: Password").check()
    expect(page.get_by_label("Password", exact=True)).to_be_disabled()
    window.press("Keep the changes")
    window.shows("cloud")
    core.stop()
    assert exported(onitu)["cloud"]["options"] == {"url": far["url"], "username": "grace"}


@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
def test_a_folder_comes_and_goes(new_setup: Setups, windows: Windows, *, phone: bool) -> None:
    """E15: a folder is added, given to services and taken from them, and removed; no file goes with it."""
    onitu = new_setup()
    for name in ("laptop", "nas"):
        onitu.add(name, folders={FOLDER: None})
    core = onitu.serve()
    window = windows(phone=phone)
    window.expected.append("400")
    page = window.page
    window.open(core)
    page.get_by_role("link", name="Add a folder").click()
    window.shows("Add a folder")
    window.press("Add the folder")
    window.sees("It needs a name.")
    page.get_by_label("Name", exact=True).fill("photos")
    page.get_by_role("checkbox", name="laptop", exact=True).check()
    page.get_by_role("checkbox", name="nas", exact=True).check()
    place(window, "nas").get_by_label("Directory below the root").fill("../away")
    window.press("Add the folder")
    expect(page.get_by_role("checkbox", name="nas", exact=True)).to_have_attribute("aria-invalid", "true")
    window.sees("must not leave the service's root", within=place(window, "nas"))
    window.check("folder")
    window.open(core, "folders/photos")
    window.shows("Folder photos")
    expect(page.get_by_role("checkbox", name="laptop", exact=True)).to_be_checked()
    page.get_by_role("checkbox", name="nas", exact=True).check()
    place(window, "nas").get_by_label("Directory below the root").fill("Pictures")
    place(window, "laptop").get_by_label("Direction").select_option("r")
    window.press("Keep the changes")
    window.shows("Files")
    (onitu["laptop"] / "photos").mkdir(exist_ok=True)
    (onitu["laptop"] / "photos/cat.jpg").write_text("meow")
    core.wait_until((onitu["nas"] / "Pictures/cat.jpg").exists, "the folder is kept")
    page.get_by_role("link", name="Change the folder").click()
    window.shows("Folder photos")
    page.get_by_role("checkbox", name="nas", exact=True).uncheck()
    window.press("Keep the changes")
    window.shows("Files")
    page.get_by_role("link", name="Change the folder").click()
    window.shows("Folder photos")
    window.press("Remove")
    window.check("folder-remove")
    window.press("Remove", within=page.get_by_role("dialog"))
    window.shows("Overview")
    expect(page.get_by_role("link", name="photos")).to_have_count(0)
    assert (onitu["nas"] / "Pictures/cat.jpg").exists()
    core.stop()
    assert all(block["folders"] in ({FOLDER: None}, {FOLDER: {}}) for block in exported(onitu).values())
