"""A window of the browser with the page in it."""

from __future__ import annotations

import shutil
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect

from tests.functional.processes import REACTION, UNIT, Core

#: The program, as Debian and others call it.
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

WIDE: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 800}

#: What axe calls faults that shut somebody out.
GRAVE = ("serious", "critical")


class Window:
    """A window that shows the page.

    Args:
        context: The browser's session.
        shots: Where screenshots go.
        kind: What is said of this window in their names.
    """

    def __init__(self, context: BrowserContext, shots: Path, kind: str) -> None:
        self.page: Page = context.new_page()
        self.context = context
        self.complaints: list[str] = []
        #: Complaints that a test expects, by a part of their text. A service may stop between two looks at its figures.
        self.expected: list[str] = ["/stats"]
        self._shots = shots
        self._kind = kind
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location['url']}")

    def open(self, core: Core, place: str = "") -> None:
        """Opens the page of a core.

        Args:
            core: The core.
            place: What stands behind the `#`.
        """
        port = core.wait_for("api_opened")["port"]
        self.page.goto(f"http://127.0.0.1:{port}/#/{place}")

    def go(self, screen: str) -> None:
        """Follows the link to a screen, and waits until it is there."""
        self.page.get_by_role("navigation", name="Screens").get_by_role("link", name=screen).click()
        self.shows(screen)

    def shows(self, title: str) -> None:
        """Waits until a screen with this title is shown."""
        expect(self.page.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()

    def sees(self, text: str, *, within: Locator | None = None) -> None:
        """Waits until a text is shown."""
        expect((within or self.page.locator("body")).get_by_text(text).first).to_be_visible()

    def is_seen(self, *, yes: bool) -> None:
        """Has the page believe that its tab is in front, or in the background."""
        self.page.evaluate(
            """state => {
                Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
                document.dispatchEvent(new Event("visibilitychange"));
            }""",
            "visible" if yes else "hidden",
        )

    @staticmethod
    def value(bar: Locator) -> float:
        """Returns how far a bar is; 0 as long as it is not there."""
        values = bar.evaluate_all("bars => bars.map(bar => bar.value)")
        return float(values[0]) if values else 0.0

    def note(self, text: str) -> None:
        """Has the page note whether a text is shown from now on, be it for a moment."""
        self.page.evaluate(
            """text => {
                window.hasNoted = false;
                const look = () => { window.hasNoted ||= document.body.innerText.includes(text); };
                const all = {subtree: true, childList: true, characterData: true};
                new MutationObserver(look).observe(document.body, all);
            }""",
            text,
        )

    @property
    def has_noted(self) -> bool:
        """Whether the text of `note` was shown."""
        return bool(self.page.evaluate("window.hasNoted"))

    def press(self, name: str, *, within: Locator | None = None) -> None:
        """Presses a button."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def article(self, name: str) -> Locator:
        """Returns the card that bears a name."""
        return self.page.get_by_role("article", name=name, exact=True)

    def check(self, name: str, *, whole: bool = True) -> None:
        """Keeps a screenshot, and makes sure that the screen shuts nobody out and fits its window.

        Args:
            name: Of the screenshot.
            whole: Whether the screenshot has what is below the window's edge, too.
        """
        size = self.page.viewport_size or WIDE
        if whole:
            # What is fixed to the window's edge would else stand in the middle of the picture.
            height = self.page.evaluate("document.documentElement.scrollHeight")
            self.page.set_viewport_size({"width": size["width"], "height": height})
        self.page.screenshot(path=self._shots / f"{name}{self._kind}.png")
        self.page.set_viewport_size(size)
        found = Axe().run(self.page).response["violations"]
        grave = [f"{one['id']}: {one['nodes'][0]['target']}" for one in found if one["impact"] in GRAVE]
        assert not grave, grave
        wider = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"{name} is {wider} pixels wider than the window"


class Windows:
    """Opens windows, each in a session of its own.

    Args:
        browser: The browser.
        shots: Where screenshots go.
    """

    def __init__(self, browser: Browser, shots: Path) -> None:
        self._browser = browser
        self._shots = shots
        self._open: list[Window] = []
        expect.set_options(timeout=REACTION * UNIT * 1000)

    def __call__(self, *, phone: bool = False, dark: bool = False) -> Window:
        """Opens a window.

        Args:
            phone: As narrow as a phone.
            dark: For somebody who likes it dark.
        """
        context = self._browser.new_context(
            viewport=PHONE if phone else WIDE,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-US",
        )
        context.set_default_timeout(REACTION * UNIT * 1000)
        kind = f"{'-phone' if phone else ''}{'-dark' if dark else ''}"
        self._open.append(Window(context, self._shots, kind))
        return self._open[-1]

    def close(self) -> list[str]:
        """Closes all, and returns what they have complained of."""
        complaints = [
            complaint
            for window in self._open
            for complaint in window.complaints
            if not any(part in complaint for part in window.expected)
        ]
        for window in self._open:
            window.context.close()
        return complaints
