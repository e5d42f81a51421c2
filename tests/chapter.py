"""The driver that docs/drivers-python.md builds, as files."""

from __future__ import annotations

import re
from pathlib import Path

CHAPTER = (Path(__file__).parent.parent / "docs/drivers-python.md").read_text("utf-8")


def unpack(directory: Path) -> None:
    """Writes the files of the chapter's driver, and its tests, into a directory."""
    for name, text in re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", CHAPTER, re.MULTILINE | re.DOTALL):
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
