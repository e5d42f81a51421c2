"""A person signs in to a service from the page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Window, Windows
from tests.functional.harness import Onitu
from tests.functional.provider import ACCOUNT, TOKEN, Provider


def test_the_browser_comes_back(guarded: Onitu, window: Window) -> None:
    """B12, E15: a page is opened at the provider, one agrees there, and Onitu goes on by itself; no token is shown."""
    core = guarded.start()
    page = window.page
    window.open(core, "services/cloud")
    window.sees("nobody has signed in")
    window.press("Sign in")
    window.sees("Waiting for the provider")
    window.check("sign-in")
    with window.context.expect_page() as opened:
        page.get_by_role("link", name="Open the provider's page").click()
    other = opened.value
    other.get_by_role("link", name="Allow").click()
    expect(other.get_by_role("heading", name="Onitu has the answer")).to_be_visible()
    window.sees(f"cloud is signed in as {ACCOUNT}.")
    window.sees("Up to date")
    core.wait_until((guarded["laptop"] / "whoami.txt").exists, "what is there has come")
    window.open(core, "services/cloud/change")
    page.get_by_text("More settings").click()
    expect(page.get_by_label("Token", exact=True)).to_have_attribute("placeholder", "set, not shown")
    assert TOKEN not in page.content()


def test_the_answer_is_typed(guarded: Onitu, windows: Windows, provider: Provider) -> None:
    """E15: where the browser cannot come back the code is typed; what is none is said beside its field."""
    core = guarded.start()
    window = windows(phone=True, dark=True)
    window.expected += ["400", "409"]
    page = window.page
    window.open(core, "services/cloud")
    window.press("Sign in")
    field = page.get_by_label("Code or address")
    field.fill("letter")
    window.press("Use it")
    window.sees("this is no code: it begins with 'code-'")
    expect(field).to_have_attribute("aria-invalid", "true")
    window.check("sign-in-typed")
    field.fill("code-of-somebody")
    window.press("Use it")
    window.sees("It went wrong: the provider refuses the code")
    window.press("Sign in")
    page.get_by_label("Code or address").fill(provider.allow())
    window.press("Use it")
    window.sees(f"cloud is signed in as {ACCOUNT}.")
