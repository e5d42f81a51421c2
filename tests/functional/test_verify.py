"""`onitu verify`: everything is read again (PROPERTIES P23)."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from onitu.rest.client import ask
from tests.functional.harness import UNPRIVILEGED, Onitu, Setups
from tests.functional.memory import Memory
from tests.functional.processes import RUN, Core
from tests.functional.trees import fill, write


def _verify(onitu: Onitu, expect: int, *arguments: str, wrapper: tuple[str, ...] = ()) -> Core:
    place = ("-c", str(onitu.file), "--data-dir", str(onitu.data))
    core = onitu.run("verify", *place, *arguments, wrapper=wrapper)
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


def test_rot_is_repaired_when_asked(new_setup: Setups) -> None:
    """P23, G2: what differs is written again from another service, at the next start where none runs."""
    onitu = new_setup("a")
    kept = onitu.directory / "memory.json"
    Memory(onitu, "m", persist=str(kept))
    write(onitu["a"] / "good.txt", "some content")
    write(onitu["a"] / "rotten.txt", "some content")
    onitu.once()
    _rot(kept, "rotten.txt")
    run = _verify(onitu, 1, "--repair")

    assert "m: docs/rotten.txt: its content has changed without a trace" in run.output
    assert "it is written again from another service at the next `onitu serve`" in run.output
    assert onitu.once().log.named("transfer_finished", service="m", path="rotten.txt")
    _verify(onitu, 0)
    assert (onitu["a"] / "rotten.txt").read_text() == "some content"


def test_a_running_core_repairs_at_once(new_setup: Setups) -> None:
    """P11, P23: what is there is expected and kept; what was changed meanwhile is left alone."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "file.txt", "some content")
    core = onitu.serve()
    place = onitu["b"] / "file.txt"
    status = place.stat()
    revision = ":".join(
        str(part) for part in (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    )
    asked = {"service": "b", "folder": "docs", "path": "file.txt", "revision": revision}

    assert _refusal(onitu, asked) == ""
    core.wait_for("repair_ordered", service="b", path="file.txt")
    core.wait_until(lambda: place.exists() and place.stat().st_ino != status.st_ino, "it is written again")
    trash = [path for path in (onitu["b"] / ".onitu/trash").rglob("*") if path.is_file()]
    assert status.st_ino in {path.stat().st_ino for path in trash}
    assert place.read_text() == "some content"
    core.wait_until(lambda: _refusal(onitu, asked) == "it was changed meanwhile", "its answer is taken in")


def _refusal(onitu: Onitu, asked: dict[str, str]) -> str:
    """Asks for a repair, and returns why it is refused."""
    reply = ask(onitu.data, "POST", "/repair", asked)
    assert reply is not None
    return reply.reason


def test_what_nobody_else_holds_is_not_repaired(new_setup: Setups) -> None:
    """P1, P23: without another copy, a file that differs is left as it is."""
    onitu = new_setup("a")
    kept = onitu.directory / "memory.json"
    Memory(onitu, "m", persist=str(kept))
    write(onitu["a"] / "only.txt", "some content")
    onitu.once()
    onitu.services.pop("a")
    onitu.once()
    _rot(kept, "only.txt")
    before = json.loads(kept.read_text("utf-8"))["entries"]
    run = _verify(onitu, 1, "--repair")

    assert "not repaired: no other service holds it" in run.output
    assert json.loads(kept.read_text("utf-8"))["entries"] == before


def test_a_quiet_core_reads_everything_again(new_setup: Setups) -> None:
    """P23: while nothing else is to be done all is read again; what differs is said, and left alone until asked for."""
    onitu = new_setup("a")
    kept = onitu.directory / "memory.json"
    Memory(onitu, "m", persist=str(kept))
    write(onitu["a"] / "good.txt", "some content")
    write(onitu["a"] / "rotten.txt", "some content")
    onitu.once()
    _rot(kept, "rotten.txt")
    with onitu.file.open("a", encoding="utf-8") as file:
        file.write("verify: {days: 0.00001, rate: 100M}\n")
    core = onitu.start(setup=False)
    found = core.wait_for("rot_found", service="m")

    assert found["path"] == "rotten.txt"
    assert "without a trace" in str(found["reason"])
    done = core.wait_for("verified", service="m")
    assert (done["files"], done["faults"]) == (1, 1)
    assert core.wait_for("verified", service="a")["faults"] == 0
    assert not core.log.named("transfer_started")
    write(onitu["a"] / "new.txt", "goes on")
    core.wait_until(lambda: core.log.named("transfer_finished", path="new.txt"), "other things go on")
