"""`onitu verify`: everything is read again (PROPERTIES P23)."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from tests.functional.harness import UNPRIVILEGED, Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import RUN, Core
from tests.functional.trees import fill, write


def _verify(onitu: Onitu, expect: int, wrapper: tuple[str, ...] = ()) -> Core:
    place = ("-c", str(onitu.file), "--data-dir", str(onitu.data))
    core = onitu.run("verify", *place, wrapper=wrapper)
    assert core.wait(RUN) == expect, core.output + core.log.tail()
    return core


def _rot(kept: Path, path: str) -> None:
    """Changes what a memory service holds without any trace."""
    tree = json.loads(kept.read_text("utf-8"))
    entry = tree["entries"][path]
    entry["content"] = b64encode(b"x" * len("some content")).decode()
    kept.write_text(json.dumps(tree), "utf-8")


def test_everything_is_as_it_should_be(new_setup: Setups) -> None:
    """P23: all files of all services are read, and nothing is changed, also beside a running core."""
    onitu = new_setup("a", "b")
    fill(onitu["a"], 5, files=40)
    onitu.serve()
    before = onitu.tree("a")
    run = _verify(onitu, 0)

    assert "b: docs: 40 files" in run.output
    assert "are as they should be, 0 are not" in run.output
    assert onitu.tree("a") == onitu.tree("b") == before


def test_rot_is_found_and_left_alone(new_setup: Setups) -> None:
    """P23: a content that differs where nothing else does is named with its service and path."""
    onitu = new_setup("a")
    kept = onitu.directory / "memory.json"
    Memory(onitu, "m", persist=str(kept))
    write(onitu["a"] / "directory/good.txt", "some content")
    write(onitu["a"] / "directory/rotten.txt", "some content")
    onitu.once()
    _rot(kept, "directory/rotten.txt")
    rotten = kept.read_text("utf-8")
    run = _verify(onitu, 1)

    assert "m: docs/directory/rotten.txt: its content has changed without a trace: blake3 " in run.output
    assert "m: docs: 1 files (12 bytes) are as they should be, 1 are not" in run.output
    assert "a: docs: 2 files (24 bytes) are as they should be, 0 are not" in run.output
    assert json.loads(kept.read_text("utf-8"))["entries"] == json.loads(rotten)["entries"]


def test_what_cannot_be_read_is_named(new_setup: Setups) -> None:
    """P23, P14: a file that cannot be read is neither right nor gone."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "some content")
    onitu.once()
    (onitu["b"] / "file.txt").chmod(0)
    run = _verify(onitu, 1, wrapper=UNPRIVILEGED)

    assert "b: docs/file.txt: " in run.output
    assert "a: docs: 1 files" in run.output


def test_an_edit_is_no_drift(new_setup: Setups) -> None:
    """P23: what was edited since shows itself, and is for `onitu plan`."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "some content")
    onitu.once()
    write(onitu["b"] / "file.txt", "edited")
    run = _verify(onitu, 0)

    assert "0 are not" in run.output
    assert (onitu["a"] / "file.txt").read_text() == "some content"
