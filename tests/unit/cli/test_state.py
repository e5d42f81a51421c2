"""`onitu state`: what is printed where, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onitu.cli.main import run
from onitu.config import load_setup
from onitu.store import Store, Transaction
from onitu.supervisor import records

SETUP = """
name: x
data-dir: data
folders: {docs: }
services:
  a: {driver: local_storage, root: a, folders: {docs: }}
  b: {driver: local_storage, root: b, folders: {docs: }}
"""


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A setup with the records of its first start, as the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("onitu.yaml").write_text(SETUP)
    store = Store(tmp_path / "data")
    records.open_setup(store, load_setup(tmp_path / "onitu.yaml"))
    store.close()
    return tmp_path / "data"


def test_export(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """F10: lines of JSON on standard output, the same each time."""
    assert run(["state", "export"]) == 0
    first = capfdbinary.readouterr().out
    assert run(["state", "export", "--data-dir", "data"]) == 0

    assert capfdbinary.readouterr().out == first
    assert json.loads(first.splitlines()[0])["onitu"] == "state"


def test_export_to_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """F10: a file that is there is left alone, and none is left behind where there is nothing to export."""
    assert run(["state", "export", "-o", "out.jsonl"]) == 0
    assert capsys.readouterr().out == "wrote out.jsonl\n"
    before = Path("out.jsonl").read_bytes()

    assert run(["state", "export", "-o", "out.jsonl"]) == 1
    assert run(["state", "export", "--data-dir", "empty", "-o", "none.jsonl"]) == 1
    assert run(["state", "export", "-o", "nowhere/out.jsonl"]) == 1

    assert [line.partition(", ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "onitu: out.jsonl is there already",
        f"onitu: {Path('empty').absolute()} holds no records of Onitu yet",
        "onitu: nowhere/out.jsonl cannot be written: No such file or directory",
    ]
    assert Path("out.jsonl").read_bytes() == before
    assert not Path("none.jsonl").exists()


def test_import(capsys: pytest.CaptureFixture[str]) -> None:
    """F10: an empty data directory takes an export in, one with records does not."""
    run(["state", "export", "-o", "out.jsonl"])
    capsys.readouterr()

    assert run(["state", "import", "--data-dir", "new", "out.jsonl"]) == 0
    assert capsys.readouterr().out.startswith(f"took 4 records into {Path('new').absolute()}; ")
    assert run(["state", "export", "--data-dir", "new", "-o", "again.jsonl"]) == 0
    assert Path("again.jsonl").read_bytes() == Path("out.jsonl").read_bytes()

    assert run(["state", "import", "--data-dir", "new", "out.jsonl"]) == 1
    assert run(["state", "import", "--data-dir", "other", "nothing.jsonl"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert "has records already; import into an empty data directory" in errors[0]
    assert errors[1] == "onitu: nothing.jsonl cannot be read: No such file or directory"


def test_check(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """F10, P27, P28: what was looked at is said, and that it fits; exit code 0."""
    assert run(["state", "check"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        f"data directory: {data}",
        "entries: 0 (folders: 1, services: 0)",
        "deletions under way: 0",
        "indexes: 0, and 0 fingerprints: derived again and compared",
        "faults: 0; everything fits together",
    ]


def test_check_after_a_change_of_the_setup(capsys: pytest.CaptureFixture[str]) -> None:
    """F10: indexes that the next start makes anew are not called wrong."""
    Path("onitu.yaml").write_text(SETUP.replace("{docs: }}\n", "{docs: {mode: r}}}\n", 1))

    assert run(["state", "check"]) == 0
    assert "indexes: not compared" in capsys.readouterr().out


def test_check_finds_faults(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """F10, P28: faults are named, many of them in short; exit code 1."""
    store = Store(data)

    def damage(transaction: Transaction) -> None:
        for number in range(30):
            transaction.add(("dirty", "a", "docs", number), number)

    store.write(damage)
    store.close()

    assert run(["state", "check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "faults: 30"
    assert lines[-2] == "fault: and 10 more"


def test_an_action_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Without one, or with a wrong one, it is said which there are."""
    for argv in (["state"], ["state", "repair"]):
        with pytest.raises(SystemExit) as caught:
            run(argv)
        assert caught.value.code == 2
    assert "export" in capsys.readouterr().err
