"""CONTRACT B18: commands and web hooks are told when a person is needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.httpd import Quiet, answering
from tests.functional.processes import Core
from tests.functional.trees import write

#: Writes down what it was told.
HOOK = """\
import json, os, sys
with open(sys.argv[1], "a") as notes:
    told = {"event": os.environ["ONITU_EVENT"], "text": sys.argv[2], "body": json.load(sys.stdin)}
    notes.write(json.dumps(told) + "\\n")
"""


def _with_hook(onitu: Onitu, *further: dict[str, Any]) -> Path:
    """Has a command write down what it is told; returns where."""
    notes = onitu.directory / "notes"
    program = onitu.directory / "hook.py"
    program.write_text(HOOK)
    onitu.further["notify"] = [{"command": [sys.executable, str(program), str(notes)]}, *further]
    return notes


def _told(notes: Path, event: str) -> list[dict[str, Any]]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [told for told in map(json.loads, lines) if told["event"] == event]


def _wait_told(core: Core, notes: Path, event: str) -> dict[str, Any]:
    (told,) = core.wait_until(lambda: _told(notes, event), f"{event} is told")
    return dict(told)


def test_conflicts_holds_and_halts_are_told(new_setup: Setups) -> None:
    """B18: the text as the last argument, all of it as JSON on stdin, each once."""
    onitu = new_setup("a", "b")
    notes = _with_hook(onitu)
    write(onitu["a"] / "same ß.txt", "here")
    write(onitu["b"] / "same ß.txt", "there")
    for number in range(30):
        write(onitu["a"] / f"{number}.txt", f"content {number}")
    core = onitu.serve()
    onitu.converge(core)

    conflict = _wait_told(core, notes, "conflict")
    for path in onitu["a"].glob("?*.txt"):
        path.unlink()
    hold = _wait_told(core, notes, "hold")
    onitu["b"].rename(onitu["b"].with_name("gone"))
    halt = _wait_told(core, notes, "halt")

    assert (
        conflict["body"].items()
        >= {
            "setup": "Functional test",
            "event": "conflict",
            "folder": FOLDER,
            "paths": ["same ß.txt"],
            "count": 1,
        }.items()
    )
    assert conflict["text"] == conflict["body"]["text"]
    assert (hold["body"]["service"], hold["body"]["folder"]) == ("a", FOLDER)
    assert halt["text"].startswith("service 'b' is halted")
    assert [len(_told(notes, event)) for event in ("conflict", "hold", "halt")] == [1, 1, 1]


def test_what_once_finds_is_told_before_it_ends(new_setup: Setups) -> None:
    """B18: with --once as well, also of what has just been found; a plan tells nobody."""
    onitu = new_setup("a", "b")
    notes = _with_hook(onitu)
    write(onitu["a"] / "same.txt", "here")
    write(onitu["b"] / "same.txt", "there")

    onitu.once("--dry-run")
    before = notes.exists()
    onitu.once()

    assert (before, len(_told(notes, "conflict"))) == (False, 1)


def test_a_web_hook_is_told_and_a_broken_one_holds_nothing_up(new_setup: Setups) -> None:
    """B18: JSON by POST; who cannot be told is in the log, without the secret of the address."""
    onitu = new_setup("a", "b")
    write(onitu["a"] / "same.txt", "here")
    write(onitu["b"] / "same.txt", "there")
    with _web_hook() as (port, bodies):
        onitu.further["notify"] = [
            {"command": ["no-such-program-here"]},
            {"url": f"http://127.0.0.1:{port}/refused?key=s3cret"},
            {"url": f"http://127.0.0.1:{port}/taken?key=s3cret"},
        ]
        core = onitu.serve()
        core.wait_for("notified", to="127.0.0.1", event_told="conflict")
        core.wait_for("notification_failed", to="no-such-program-here")
        refused = core.wait_for("notification_failed", to="127.0.0.1")

    onitu.converge(core)
    assert refused["error"] == "answered 403"
    assert bodies["/taken?key=s3cret"]["event"] == "conflict"
    assert "s3cret" not in core.log.path.read_text()


@contextmanager
def _web_hook() -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields the port of a web hook, and what it was told by address. One of them is refused."""
    bodies: dict[str, Any] = {}

    class Answering(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies[self.path] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(403 if "refused" in self.path else 204)
            self.end_headers()

    with answering(Answering) as port:
        yield port, bodies
