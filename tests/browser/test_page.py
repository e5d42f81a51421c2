"""What holds for the page as a whole: keys, colors, the token, a network that comes and goes."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Window, Windows
from tests.functional.harness import Setups


def test_by_keyboard(new_setup: Setups, window: Window) -> None:
    """E15: everything can be reached by keys, and the focus follows to where one goes."""
    core = new_setup("laptop").serve()
    page = window.page
    window.open(core)
    window.shows("Overview")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("link", name="Services").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Services")).to_be_focused()
    assert page.title() == "Services · Onitu"


def test_light_and_dark(new_setup: Setups, windows: Windows) -> None:
    """E15: the page follows the system, until somebody chooses, and remembers that."""
    core = new_setup("laptop").serve()
    window = windows(dark=True)
    window.open(core)
    window.shows("Overview")
    scheme = "getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).color"
    dark = window.page.evaluate(scheme)
    window.check("overview")
    window.press("Use light colors")
    light = window.page.evaluate(scheme)
    assert light != dark
    window.page.reload()
    window.shows("Overview")
    assert window.page.evaluate(scheme) == light


def test_the_token(new_setup: Setups, window: Window) -> None:
    """E16: the page asks for the token, says when it is wrong, and shows it from then on."""
    onitu = new_setup("laptop")
    onitu.further = {"api": {"token": "open sesame"}}
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    core = onitu.serve()
    window.expected.append("401")
    page = window.page
    window.open(core)
    field = page.get_by_label("Token")
    field.fill("close sesame")
    window.check("token")
    window.press("Open")
    window.sees("That was not it.")
    field.fill("open sesame")
    window.press("Open")
    window.sees("All is well")
    window.open(core, "file/docs/letter.txt")
    window.sees("Dear council")
    with page.expect_download() as download:
        window.press("Download")
    assert download.value.suggested_filename == "letter.txt"


def test_a_network_that_was_gone(new_setup: Setups, window: Window) -> None:
    """E15: what happened while nobody could tell the page is shown as soon as somebody can, without a reload."""
    onitu = new_setup("laptop", "nas")
    core = onitu.serve()
    window.expected.append("net::ERR")
    window.open(core)
    window.sees("Live")
    window.context.set_offline(True)
    window.sees("Connection lost")
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    onitu.converge(core)
    window.context.set_offline(False)
    window.sees("Live")
    window.sees("1 file, 12 B")


def test_a_laptop_that_slept(new_setup: Setups, window: Window) -> None:
    """E15: whoever opens the lid again sees what is so now: a line from before is not trusted."""
    onitu = new_setup("laptop", "nas")
    core = onitu.serve()
    window.page.clock.install()
    window.open(core)
    window.sees("Live")
    with window.page.expect_request("**/events") as again:
        window.page.clock.fast_forward(3_600_000)
    assert "last-event-id" in again.value.headers
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    window.sees("1 file, 12 B")


def test_a_tab_that_nobody_sees(new_setup: Setups, window: Window) -> None:
    """E15: a tab in the background leaves the line to others, and is right as soon as somebody looks."""
    onitu = new_setup("laptop", "nas")
    core = onitu.serve()
    page = window.page
    page.clock.install()
    window.open(core)
    window.sees("Live")
    window.is_seen(yes=False)
    page.clock.fast_forward(31_000)
    window.sees("Connecting …")
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    onitu.converge(core)
    window.is_seen(yes=True)
    window.sees("Live")
    window.sees("1 file, 12 B")


def test_too_many_follow(new_setup: Setups, window: Window) -> None:
    """E15: a page that is not let in to the events looks for itself."""
    onitu = new_setup("laptop", "nas")
    core = onitu.serve()
    window.expected.append("503")
    window.page.route("**/events", lambda route: route.fulfill(status=503, json={"reason": "full", "status": "error"}))
    window.open(core)
    window.sees("Everything is up to date.")
    (onitu["laptop"] / "letter.txt").write_text("Dear council")
    window.sees("1 file, 12 B")


def test_a_core_that_is_started_again(new_setup: Setups, window: Window) -> None:
    """E15: the page outlives the core, and finds the next one."""
    onitu = new_setup("laptop", "nas")
    core = onitu.serve()
    port = core.wait_for("api_opened")["port"]
    window.expected.append("net::ERR")
    window.open(core)
    window.sees("Live")
    core.stop()
    window.sees("Connection lost")
    onitu.serve("--port", str(port))
    window.sees("Live")
    window.sees("Everything is up to date.")
