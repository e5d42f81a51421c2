"""The command line: what is printed where, and the exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import msgspec
import pytest

from onitu import __version__
from onitu.cli.drivers import ABILITIES
from onitu.cli.main import run
from onitu.config import Setup
from onitu.core.capability import Capabilities
from onitu.errors import StoreError
from onitu.rest.address import Address

GOOD = """
name: My Files
folders: {documents: }
services:
  laptop: {driver: local_storage, root: a, folders: {documents: }}
  backup: {driver: local_storage, root: b, folders: {documents: {mode: w, path: my/documents}}}
"""


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory and a home of its own."""
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """Takes the supervisor's place, and keeps what it was told."""
    calls: list[SimpleNamespace] = []

    def serve(options: SimpleNamespace) -> int:
        calls.append(options)
        return 7

    supervisor = ModuleType("onitu.supervisor")
    supervisor.__dict__.update(serve=serve, ServeOptions=SimpleNamespace)
    monkeypatch.setitem(sys.modules, "onitu.supervisor", supervisor)
    return calls


def test_check_of_a_good_setup(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B17: a good setup is summed up: who takes part in what, how, and where; and what is left out by default."""
    Path("onitu.yaml").write_text(GOOD)

    assert run(["check"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "setup 'My Files' is fine",
        f"data directory: {work}/.local/state/onitu/my-files",
        "folder documents",
        "  left out: .DS_Store Thumbs.db desktop.ini ~$* .~lock* *.part *.crdownload .onitu",
        "  rw   laptop (local_storage), path 'documents'",
        "  w    backup (local_storage), path 'my/documents'",
    ]


def test_check_of_a_bad_setup(capsys: pytest.CaptureFixture[str]) -> None:
    """B16: all faults, in the file's as in the drivers' domain, on stderr, a line each; exit code 1."""
    Path("bad.yaml").write_text(GOOD.replace("root: a", "rot: a").replace("mode: w", "mode: x"))

    assert run(["check", "-c", "bad.yaml"]) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert [line.partition(" ")[0] for line in shown.err.splitlines()] == [
        "bad.yaml:5:3:",
        "bad.yaml:5:35:",
        "bad.yaml:6:72:",
    ]


def test_check_shows_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """What is probably not meant is said, and is no fault."""
    Path("onitu.yaml").write_text("name: x\nfolders: {lonely: }\n")

    assert run(["check"]) == 0

    assert capsys.readouterr().err.startswith("onitu.yaml:2:11: warning: folder 'lonely' is on no service")


def test_no_setup(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no setup, it is said how to get one; exit code 1."""
    assert run(["check"]) == 1
    assert capsys.readouterr().err.startswith("onitu: no setup found; looked for\n")


def test_init_writes_a_setup_that_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    """What `init` writes passes `check`."""
    assert run(["init"]) == 0
    assert capsys.readouterr().out == "wrote onitu.yaml; edit it, then try `onitu check -c onitu.yaml`\n"
    assert run(["check"]) == 0


def test_init_overwrites_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there stays as it is."""
    Path("mine.yaml").write_text("mine")

    assert run(["init", "mine.yaml"]) == 1
    assert Path("mine.yaml").read_text() == "mine"
    assert run(["init", "nowhere/mine.yaml"]) == 1

    assert capsys.readouterr().err.splitlines() == [
        "onitu: mine.yaml is there already, and was left alone",
        "onitu: nowhere/mine.yaml cannot be written: No such file or directory",
    ]


def test_drivers(capsys: pytest.CaptureFixture[str]) -> None:
    """The installed drivers are listed with their options and what these take."""
    assert run(["drivers"]) == 0

    shown = capsys.readouterr().out
    assert "local_storage: " in shown
    assert "  root (string, mandatory" in shown
    assert max(map(len, shown.splitlines())) < 80


def test_one_driver(capsys: pytest.CaptureFixture[str]) -> None:
    """M1-M3: one driver is told in full: each option, its default, and what the driver itself says it can."""
    assert run(["drivers", "local_storage"]) == 0

    shown = capsys.readouterr().out
    assert "  root: string, mandatory\n" in shown
    assert "  rescan_interval: integer, default 3600, per folder\n" in shown
    can, cannot = shown.split("\nit can\n")[1].split("\nit cannot\n")
    assert "  - report changes as they happen\n" in can
    assert "  - hold symbolic links\n" in can
    assert "  - write over files where they lie\n" in cannot
    assert "names are compared: letter by letter" in shown
    assert max(map(len, shown.splitlines())) < 80


def test_every_ability_has_its_words() -> None:
    """Whatever a driver can say of itself with yes or no is told."""
    yes_or_no = {name for name, value in msgspec.structs.asdict(Capabilities()).items() if isinstance(value, bool)}

    assert set(ABILITIES) == yes_or_no


def test_a_driver_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest name is said."""
    assert run(["drivers", "local-storage"]) == 1
    assert "did you mean 'local_storage'? (installed: " in capsys.readouterr().err


def test_a_driver_that_does_not_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is known without starting it is told all the same; exit code 1."""
    monkeypatch.setattr("onitu.supervisor.ask.driver_command", lambda _: [sys.executable, "-c", "exit('no moon')"])

    assert run(["drivers", "local_storage"]) == 1

    shown = capsys.readouterr()
    assert "  root: string, mandatory\n" in shown.out
    assert "no moon" in shown.err


def test_serve_hands_everything_over(work: Path, served: list[SimpleNamespace]) -> None:
    """All arguments reach the supervisor, and its answer is the exit code."""
    Path("onitu.yaml").write_text(GOOD)
    arguments = ["--data-dir", "data", "--debug", "--log-format", "json", "--host", "::1", "--port", "1"]

    assert run(["serve", *arguments]) == 7

    (options,) = served
    assert isinstance(options.setup, Setup)
    assert vars(options) | {"setup": None} == {
        "setup": None,
        "data_dir": work / "data",
        "once": False,
        "dry_run": False,
        "debug": True,
        "quiet": False,
        "verify": False,
        "repair": False,
        "log_format": "json",
        "api": Address(host="::1", port=1),
    }


@pytest.mark.usefixtures("work")
def test_serve_takes_the_address_from_the_setup(served: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch) -> None:
    """E16, B12: host, port and token stand in the setup; arguments win; a token may stand elsewhere."""
    Path("onitu.yaml").write_text(f"{GOOD}\napi: {{host: 0.0.0.0, port: 99, token: {{env: SESAME}}}}\n")
    monkeypatch.setenv("SESAME", "open")

    run(["serve", "--port", "0"])

    assert served[0].api == Address(host="0.0.0.0", port=0, token="open")  # noqa: S104, S106 - the example


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("api", ["{host: 0.0.0.0}", "{host: example.org}", "{token: {env: NO_SUCH_VARIABLE}}"])
def test_serve_is_not_open_to_everybody(
    served: list[SimpleNamespace], capsys: pytest.CaptureFixture[str], api: str
) -> None:
    """E16: an address that others reach needs a token; a token that is named has to be there."""
    Path("onitu.yaml").write_text(f"{GOOD}\napi: {api}\n")

    assert run(["serve"]) == 1

    assert served == []
    assert "token" in capsys.readouterr().err


def test_serve_defaults(work: Path, served: list[SimpleNamespace]) -> None:
    """Without arguments Onitu serves for ever, and keeps its data in the user's state directory."""
    Path("onitu.yaml").write_text(GOOD)

    run(["serve"])
    run(["serve", "--dry-run"])
    run(["plan"])

    plain, dry, plan = served
    assert (plain.once, plain.dry_run, plain.debug, plain.log_format) == (False, False, False, None)
    assert plain.api == Address(host="127.0.0.1", port=3862)
    assert plain.data_dir == work / ".local/state/onitu/my-files"
    assert (dry.once, dry.dry_run, dry.quiet) == (True, True, False)
    assert (plan.once, plan.dry_run, plan.quiet) == (True, True, True)


def test_serve_logs_warnings(served: list[SimpleNamespace], capfd: pytest.CaptureFixture[str]) -> None:
    """What is probably not meant in a setup is logged, and served all the same."""
    Path("onitu.yaml").write_text("name: x\nfolders: {lonely: }\n")

    run(["serve", "--log-format", "json"])

    line = json.loads(capfd.readouterr().err)
    assert (line["event"], line["place"]) == ("setup_doubtful", "onitu.yaml:2:11")
    assert len(served) == 1


def test_errors_are_said_and_end_with_1(
    served: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Onitu raises on purpose is a line for a person; Ctrl-C is none."""
    Path("onitu.yaml").write_text(GOOD)

    def busy(_options: object) -> int:
        raise StoreError("another core has the data directory")

    def interrupted(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["onitu.supervisor"], "serve", busy)

    assert run(["serve"]) == 1
    assert capsys.readouterr().err == "onitu: another core has the data directory\n"

    monkeypatch.setattr(sys.modules["onitu.supervisor"], "serve", interrupted)

    assert run(["serve"]) == 130
    assert served == []


@pytest.mark.parametrize("argv", [[], ["sync"], ["serve", "--port", "-1"], ["serve", "--log-format", "xml"]])
def test_wrong_arguments(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments end with 2 and say what is right."""
    with pytest.raises(SystemExit) as caught:
        run(argv)

    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: onitu")


def test_module_is_the_program() -> None:
    """`python -m onitu` is `onitu`."""
    shown = subprocess.run(
        [sys.executable, "-m", "onitu", "--version"], capture_output=True, check=True, text=True
    ).stdout

    assert shown == f"onitu {__version__}\n"


def test_output_that_nobody_reads() -> None:
    """`onitu drivers | head -0` ends without a traceback."""
    program = subprocess.Popen(
        [sys.executable, "-m", "onitu", "drivers"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None
    assert program.stderr is not None
    program.stdout.close()

    assert program.stderr.read() == b""

    program.stderr.close()
    assert program.wait() == 1
