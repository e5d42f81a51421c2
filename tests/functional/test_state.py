"""`onitu plan` and `onitu state` beside a running core, and records that move to another place (F10)."""

from __future__ import annotations

import json

from tests.functional.harness import Onitu, Setups, in_mode
from tests.functional.processes import RUN, Core
from tests.functional.trees import fill, snapshot, write


def ask(onitu: Onitu, *arguments: str, expect: int = 0) -> Core:
    """Runs a command on a setup to its end.

    Args:
        onitu: The setup.
        arguments: The command and its arguments.
        expect: The exit code it must end with.

    Returns:
        The ended process.
    """
    onitu.write_setup()
    core = onitu.run(*arguments, "-c", str(onitu.file), "--data-dir", str(onitu.data))
    code = core.wait(RUN)
    assert code == expect, f"exit code {code}\n{core.output}\n{core.log.path.read_text()}"
    return core


def everything(onitu: Onitu) -> list[object]:
    """Looks at all that a command must not touch: roots with what is hidden in them."""
    return [snapshot(onitu[name], hidden=True) for name in onitu.local]


def test_plan_touches_nothing(new_setup: Setups) -> None:
    """F10: what would be done, per service; no root, no marker, no data directory, and no log beside it."""
    onitu = new_setup("a", "b", c=in_mode("w"))
    fill(onitu["a"], 1, files=10)
    write(onitu["a"] / "needle.txt", "twelve bytes")
    before = everything(onitu)
    plan = ask(onitu, "plan")

    assert everything(onitu) == before
    assert not onitu.data.exists()
    assert plan.log.path.read_text() == ""
    for name in "bc":
        block = plan.output.partition(f"{name}: ")[2]
        assert "docs: write needle.txt (12 bytes from a)" in block
    assert "a: nothing to do" in plan.output


def test_plan_beside_a_running_core(new_setup: Setups) -> None:
    """F10: works on a copy of the records; the core goes on, and so does everything it knows."""
    onitu = new_setup("a", "b", c=in_mode("w"))
    write(onitu["a"] / "early.txt", "before")
    core = onitu.serve()
    onitu.converge(core)

    assert ask(onitu, "plan").output.splitlines() == [f"{name}: nothing to do" for name in "abc"]

    onitu.services["d"] = {"driver": "local_storage", "root": str(onitu["d"]), "folders": {"docs": {"path": "."}}}
    plan = ask(onitu, "plan")
    assert plan.output.splitlines()[-2:] == ["d: 1 to do", "  docs: write early.txt (6 bytes from a)"]
    assert not onitu["d"].exists()
    write(onitu["b"] / "late.txt", "after")
    core.wait_until((onitu["c"] / "late.txt").exists, "the core goes on")
    assert core.log.named("service_failed") == []


def test_state_of_a_running_core(new_setup: Setups) -> None:
    """F10, P27, P28: export and check read beside a core, say so, and find it well; import is refused."""
    onitu = new_setup("a", "b", c={"whitelist": "*.txt"}, d={"blacklist": "*.txt", "max-size": "1k"})
    fill(onitu["a"], 1, files=50)
    core = onitu.serve()
    onitu.converge(core, "a", "b")
    (onitu["a"] / "note.txt").write_text("for c alone")
    core.wait_until((onitu["c"] / "note.txt").exists, "the note")

    export = ask(onitu, "state", "export")
    assert f"is in use by a running onitu (process {core.process.pid})" in export.log.path.read_text()
    lines = [json.loads(line) for line in export.output.splitlines()]
    names = {line["node"]["place"]["name"] for line in lines if line.get("node", {}).get("place")}
    assert names == {path.rpartition("/")[2] for path in onitu.tree("a")}
    assert [name for name in ("c", "d") if onitu.tree(name) == onitu.tree("a")] == []

    check = ask(onitu, "state", "check")
    assert "faults: 0; everything fits together" in check.output
    assert "is in use by a running onitu" in check.log.path.read_text()

    refused = ask(onitu, "state", "import", str(export.output_path), expect=1)
    assert "in use by another onitu" in refused.log.path.read_text()
    write(onitu["b"] / "late.txt", "after")
    onitu.converge(core, "a", "b")


def test_imported_records_are_as_good_as_the_old_ones(new_setup: Setups) -> None:
    """F10: with them a start finds nothing to do, and what was deleted meanwhile is known to have been deleted."""
    onitu = new_setup("a", "b")
    fill(onitu["a"], 1, files=20)
    write(onitu["a"] / "doomed.txt", "deleted later")
    onitu.once()
    export = ask(onitu, "state", "export")
    onitu.data = onitu.directory / "elsewhere"
    ask(onitu, "state", "import", str(export.output_path))
    (onitu["b"] / "doomed.txt").unlink()
    run = onitu.once()

    assert run.log.transfers == []
    assert not (onitu["a"] / "doomed.txt").exists()
    assert onitu.apart() == []
    assert "faults: 0" in ask(onitu, "state", "check").output
