"""One window that is never loaded again, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal

from playwright.sync_api import expect

from tests.browser.window import Window
from tests.functional.harness import Setups

GIB = 2**30


def test_a_long_evening(new_setup: Setups, window: Window) -> None:
    """E15: a GiB moves, a driver is killed and comes back, a conflict is settled: all is seen as it happens."""
    cloud = {"driver": "memory", "bandwidth": {"up": "24Mi"}}
    onitu = new_setup("laptop", nas={"blacklist": "*.mkv"}, cloud=cloud)
    texts = (b"we offer 12,000\n", b"we offer 13,500\n")
    for name, text in zip(onitu.local, texts, strict=True):
        (onitu[name] / "offer.txt").write_bytes(text)
    core = onitu.serve()
    page = window.page
    bar = page.get_by_role("progressbar", name="film.mkv to cloud")
    window.open(core)
    window.sees("1 file was changed on two sides")
    page.evaluate("window.isTheSame = true")

    with (onitu["laptop"] / "film.mkv").open("wb") as film:
        film.truncate(GIB)
    window.sees("1 file is on the way.")
    window.go("Transfers")
    window.sees("of 1.0 GiB")
    first = window.value(bar)
    core.wait_until(lambda: window.value(bar) > first, "it has moved on")

    window.go("Overview")
    window.note("nas has failed")
    (started,) = core.log.named("service_started", service="nas")
    os.kill(started["pid"], signal.SIGKILL)
    core.wait_until(lambda: window.has_noted, "the page has said so")
    expect(page.get_by_text("nas has failed")).to_have_count(0)
    expect(bar).to_be_visible()

    window.go("Conflicts")
    window.press("Keep the content from nas")
    window.sees("No conflicts")
    core.wait_until(lambda: (onitu["laptop"] / "offer.txt").read_bytes() == texts[1], "one content is left")
    window.go("Overview")
    expect(page.get_by_text("1 file was changed on two sides")).to_have_count(0)
    assert page.evaluate("window.isTheSame")
