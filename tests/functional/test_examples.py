"""The examples of the documents come out as the tables below them say, on real directories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples import Example, complete, examples
from tests.functional.harness import Onitu, Setups
from tests.functional.processes import RUN
from tests.functional.trees import write

MARKED = [example for example in examples() if example.tables]

#: B13: the first setup of the documentation of 0.1, with directories in the place of SSH.
EXAMPLE = """
name: "Example Configuration"
folders:
  torrent:
services:
  localhost_fs:
    driver: "local_storage"
    root: here
    folders:
      torrent:
        mode: "r"
  nas:
    driver: "local_storage"
    root: there
    folders:
      torrent:
        mode: "w"
"""

#: B13: the example of a layout, two folders on one service and one of them on the other.
LAYOUT = """
name: layout
folders:
  music:
  photos: {}
services:
  disk:
    driver: local_storage
    root: disk
    folders: {music: , photos: }
  nas:
    driver: local_storage
    root: nas
    folders: {music: }
"""


def _once(onitu: Onitu, setup: dict[str, Any]) -> None:
    """Syncs a setup."""
    onitu.file.write_text(yaml.safe_dump(setup, sort_keys=False), "utf-8")
    for service in (setup.get("services") or setup["entries"]).values():
        (onitu.directory / (service.get("root") or service["options"]["root"])).mkdir(exist_ok=True)
    core = onitu.start("--once", setup=False)

    assert core.wait(RUN) == 0, core.log.tail()


def _files(root: Path) -> set[str]:
    """Lists what a directory holds, but for what is Onitu's own."""
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {str(path) for path in paths if path.parts[0] != ".onitu"}


@pytest.mark.parametrize("example", MARKED, ids=lambda example: example.name)
def test_example(new_setup: Setups, example: Example) -> None:
    """B6-B10, B15, B17, C1-C4: what the table below an example says, comes of it; nothing else does, or is lost."""
    onitu = new_setup()
    setup = complete(example)
    content: dict[str, dict[str, str]] = {}
    for table in example.tables:
        for file in table.files:
            text = content.setdefault(table.source, {})[file.path] = (file.path * file.size)[: file.size]
            write(onitu.directory / table.source / file.path, text)
    expected = {service: set(files) for service, files in content.items()}
    for table in example.tables:
        expected.setdefault(table.target, set()).update(file.path for file in table.files if file.arrives)

    _once(onitu, setup)

    assert {service: _files(onitu.directory / service) for service in expected} == expected
    for table in example.tables:
        for file in table.files:
            for service in (table.source, table.target):
                found = onitu.directory / service / file.path
                assert not found.exists() or found.read_text() == content[table.source][file.path]


def test_example_of_the_documentation_of_0_1(new_setup: Setups) -> None:
    """B13: what is here comes there, and what is there stays there."""
    onitu = new_setup()
    write(onitu.directory / "here/torrent/debian.iso", "bits")
    write(onitu.directory / "there/torrent/mine.txt", "mine")

    _once(onitu, yaml.safe_load(EXAMPLE))

    assert _files(onitu.directory / "here") == {"torrent/debian.iso"}
    assert (onitu.directory / "there/torrent/debian.iso").read_text() == "bits"
    assert (onitu.directory / "there/torrent/mine.txt").read_text() == "mine"


def test_layout_of_the_documentation_of_0_1(new_setup: Setups) -> None:
    """B13, B4: each folder is synced between the services that have it, both ways, and no other."""
    onitu = new_setup()
    for path in ("disk/music/a.mp3", "disk/photos/b.jpg", "nas/music/c.mp3", "nas/photos/d.jpg"):
        write(onitu.directory / path, path)

    _once(onitu, yaml.safe_load(LAYOUT))

    def held(root: str) -> set[str]:
        return {path for path in _files(onitu.directory / root) if ".onitu" not in path}

    assert held("disk") == {"music/a.mp3", "music/c.mp3", "photos/b.jpg"}
    assert held("nas") == {"music/a.mp3", "music/c.mp3", "photos/d.jpg"}
