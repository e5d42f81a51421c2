"""The images of the README: `just images` makes them anew."""

from __future__ import annotations

import random

from tests.browser.window import Window
from tests.functional.harness import Setups

MIB = 1024 * 1024
#: What two people wrote.
OFFERS = (
    b"Dear council,\n\nwe offer to paint the harbor house\nfor 12,000 euros.\n\nKind regards\nMara\n",
    b"Dear council,\n\nwe offer to paint the harbor house and its shed\nfor 13,500 euros.\n\nKind regards\nMara\n",
)


def test_images(new_setup: Setups, window: Window) -> None:
    """E15: three services with two folders: something moves, something is to be chosen."""
    both = {"documents": None, "photos": None}
    onitu = new_setup(
        laptop={"folders": both},
        nas={"folders": both, "driver": "memory", "bandwidth": {"up": "3Mi"}},
        **{"backup disk": {"folders": {"documents": {"mode": "w"}, "photos": None}}},
    )
    onitu.folders = dict(both)
    onitu.further = {"name": "Mara's files"}
    chance = random.Random(1)
    for path in (
        "letters/plan.md",
        "letters/minutes.txt",
        "taxes/2025/sheet.csv",
        "taxes/2026/sheet.csv",
        "read me.txt",
    ):
        for top in ("documents", "photos"):
            file = onitu["laptop"] / top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(chance.randbytes(3_000))
    offers = [onitu[name] / "photos" / "offer.txt" for name in ("laptop", "backup disk")]
    for file, text in zip(offers, OFFERS, strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    core = onitu.serve()
    (onitu["laptop"] / "photos" / "harbor.raw").write_bytes(chance.randbytes(60 * MIB))
    core.wait_until((onitu["backup disk"] / "photos" / "harbor.raw").exists, "the disk has it")
    window.page.set_viewport_size({"width": 1180, "height": 720})
    window.open(core)
    window.sees("1 file was changed on two sides")
    window.sees("harbor.raw")
    window.sees("MiB/s")
    window.sees("1 to go")
    window.check("readme-overview", whole=False)
    window.go("Conflicts")
    window.sees("and its shed")
    window.page.set_viewport_size({"width": 1180, "height": 520})
    window.check("readme-conflicts", whole=False)
