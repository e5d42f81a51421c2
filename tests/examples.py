"""The examples of the documents: setups in fenced blocks, with tables below them of what comes of each.

A block is a part of a setup; `complete` puts what is missing around it: the folder `music`, mapped at the root of the
local services `laptop` and `nas`. (A block with a name and services is whole.) A table says which files of one service
another one gets:

    | on `laptop` | `nas` gets it |
    |---|---|
    | `song.mp3`, 1500 bytes | yes |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

DOCUMENTS = Path(__file__).parent.parent / "docs"
BASE = """
name: example
folders: {music: }
services:
  laptop: {driver: local_storage, root: laptop, folders: {music: "."}}
  nas: {driver: local_storage, root: nas, folders: {music: "."}}
"""

#: What a file has in it where the table gives no size.
SIZE = 100

_BLOCK = re.compile(
    r"(<!-- doubtful -->\n)?^```(?:yaml|json)\n(.*?)^```\n((?:\n(?:\|[^\n]+\n)+)*)", re.DOTALL | re.MULTILINE
)
_HEADING = re.compile(r"\| on `(\w+)` \| `(\w+)` gets it \|\n\|---\|---\|\n((?:\|.+\n)+)")
_ROW = re.compile(r"\| `([^`]+)`(?:, (\d+) bytes)? \| (yes|no) \|")


class File(NamedTuple):
    """A row of a table: a file, and whether it arrives."""

    path: str
    size: int
    arrives: bool


class Table(NamedTuple):
    """What lies on one service, and what of it another one gets."""

    source: str
    target: str
    files: list[File]


class Example(NamedTuple):
    """A block of a document, with the tables below it, and whether `onitu check` warns of something in it."""

    name: str
    text: str
    tables: list[Table]
    doubtful: bool


def examples() -> Iterator[Example]:
    """Yields the examples of the pages about the setup.

    Yields:
        Each one, named by its document and line.
    """
    for document in ("configuration.md", "rules.md"):
        text = (DOCUMENTS / document).read_text("utf-8")
        for block in _BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 1
            yield Example(
                name=f"{document}:{line}",
                text=block[2],
                tables=[_table(table) for table in _HEADING.finditer(block[3])],
                doubtful=block[1] is not None,
            )


def complete(example: Example) -> dict[str, Any]:
    """Returns an example as a whole setup.

    Args:
        example: Which one.
    """
    part: dict[str, Any] = yaml.safe_load(example.text)
    base: dict[str, Any] = yaml.safe_load(BASE)
    is_whole = "entries" in part or part.keys() >= {"name", "services"}
    return part if is_whole else {key: _joined(base.get(key), part.get(key)) for key in base | part}


def _joined(base: Any, part: Any) -> Any:  # noqa: ANN401 - pieces of YAML.
    """Lays a part over a base: maps member by member, everything else as a whole."""
    if isinstance(base, str) and isinstance(part, dict) and not part.keys() & {"command", "address"}:
        return {"path": base, **part}  # Of a place, the text alone is the path.
    if not isinstance(base, dict) or not isinstance(part, dict):
        return part if part is not None else base
    if "driver" in part or "options" in part:
        base = {key: value for key, value in base.items() if key != "root"}
    return base | {key: _joined(base.get(key), value) for key, value in part.items()}


def _table(table: re.Match[str]) -> Table:
    rows = table[3].splitlines()
    files = [row for line in rows if (row := _ROW.fullmatch(line)) is not None]
    assert len(files) == len(rows), f"cannot read {rows}"
    return Table(table[1], table[2], [File(row[1], int(row[2] or SIZE), row[3] == "yes") for row in files])
