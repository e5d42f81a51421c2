"""Content on its way."""

from __future__ import annotations

import random
import re

from playwright.sync_api import expect

from tests.browser.window import Window
from tests.functional.harness import Setups

MIB = 1024 * 1024


def test_a_large_file_moves(new_setup: Setups, window: Window) -> None:
    """E15: a large file's way is seen, with how far it is and how fast, without a reload."""
    onitu = new_setup("laptop", nas={"driver": "memory", "bandwidth": {"up": "6Mi"}})
    core = onitu.serve()
    window.open(core)
    window.sees("Everything is up to date.")
    (onitu["laptop"] / "film.mkv").write_bytes(random.randbytes(30 * MIB))
    window.sees("film.mkv")
    window.go("Transfers")
    bar = window.page.get_by_role("progressbar", name="film.mkv to nas")
    expect(bar).to_be_visible()
    window.sees("of 30.0 MiB")
    expect(window.page.get_by_text(re.compile(r"[0-9.]+ (K|M)iB/s · \d+ s left"))).to_be_visible()
    window.check("transfers")
    window.sees("All is still")
    window.sees("Arrived just now")
    assert [event["bytes"] for event in core.log.transfers] == [30 * MIB]
