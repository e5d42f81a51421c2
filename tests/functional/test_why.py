"""`onitu why` and what `onitu check` says of files that are known, on the records of real runs."""

from __future__ import annotations

import json
import subprocess

from tests.functional.harness import FOLDER, Onitu, Setups
from tests.functional.trees import write


def asked(onitu: Onitu, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command on the setup and its data directory."""
    return subprocess.run(onitu.command(*arguments), capture_output=True, text=True, check=False, timeout=60)


def why(onitu: Onitu, path: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Asks for a path."""
    return asked(onitu, "why", "-c", str(onitu.file), "--data-dir", str(onitu.data), *more, path)


def test_why_names_what_decides(new_setup: Setups) -> None:
    """F10, B6, C4: head, each service's state, and which filter, mode or rule decides, in words."""
    onitu = new_setup(
        "a",
        phone={"folders": {FOLDER: {"path": ".", "max-size": "1k"}}},
        music={"folders": {FOLDER: {"path": ".", "type": "audio"}}},
    )
    write(onitu["a"] / "d/talk.txt", "x" * 2000)
    onitu.once()

    answer = why(onitu, f"{FOLDER}/d/talk.txt")

    assert answer.returncode == 0, answer.stderr
    head, *services = answer.stdout.splitlines()
    assert head.startswith(f"{FOLDER}/d/talk.txt: a file of 2,000 bytes, version 1, first seen on a, last changed ")
    phone = "larger than max-size 1k of folder 'docs' of service 'phone'"
    music = "is of type text/plain, which is not in type audio/* of folder 'docs' of service 'music'"
    assert [" ".join(line.split()) for line in services] == [
        "a up to date: holds this version",
        f"phone does not get it: {phone}",
        f"music does not get it: {music}",
    ]


def test_why_beside_a_running_core(new_setup: Setups) -> None:
    """F10: it may be asked at any time, also by a program."""
    onitu = new_setup("a", "b")
    onitu.rules = [{"match": {"path": f"/{FOLDER}/to b/"}, "sync": ["b"]}]
    write(onitu["a"] / "to b/f", "f")
    write(onitu["a"] / "stays", "s")
    onitu.serve()

    answer = why(onitu, f"{FOLDER}/stays", "--json")

    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["head"]["origin"] == "a"
    assert [service["standing"] for service in told["services"]] == ["up to date", "does not get it"]
    assert "rule" in told["services"][1]["reason"]


def test_why_of_what_is_not_there(new_setup: Setups) -> None:
    """F10: unknown paths and folders, and a setup that never ran, are answered with what to do."""
    onitu = new_setup("a", "b")
    onitu.folders[FOLDER] = {"blacklist": "*.tmp"}
    onitu.write_setup()
    never_ran = why(onitu, f"{FOLDER}/f")
    assert never_ran.returncode == 1
    assert "Traceback" not in never_ran.stderr
    write(onitu["a"] / "x.tmp", "x")
    onitu.once()

    refused = why(onitu, f"{FOLDER}/x.tmp")
    assert "nothing is known of it" in refused.stdout
    assert "matches blacklist '*.tmp' of folder 'docs'" in refused.stdout
    misspelt = why(onitu, "dogs/f")
    assert misspelt.returncode == 1
    assert "there is no folder 'dogs'" in misspelt.stderr
    assert FOLDER in misspelt.stderr
    assert why(onitu, FOLDER).returncode == 1


def test_check_warns_of_what_concerns_no_file(new_setup: Setups) -> None:
    """B16, B10: a pattern, type or rule that matches nothing of the existing files is a warning with its place."""
    onitu = new_setup(
        "a", b={"folders": {FOLDER: {"path": ".", "whitelist": ["*.txt", "*.flac"], "type": ["text", "audio"]}}}
    )
    write(onitu["a"] / "f.txt", "f")
    onitu.once()
    onitu.rules = [{"match": {"extension": ["txt"]}, "sync": ["b"]}, {"match": {"path": "/docs/none/"}, "sync": ["b"]}]
    onitu.write_setup()
    text = onitu.file.read_text()
    onitu.file.write_text(f"data-dir: {onitu.data}\n{text}")

    answer = asked(onitu, "check", "-c", str(onitu.file))

    assert answer.returncode == 0, answer.stderr
    warned = [line.split(": warning: ")[1] for line in answer.stderr.splitlines()]
    assert sorted(warned) == [
        "rule 2 (path /docs/none) concerns none of the 1 files that are known",
        "type audio/* concerns none of the 1 files that are known",
        "whitelist '*.flac' concerns none of the 1 files that are known",
    ]
