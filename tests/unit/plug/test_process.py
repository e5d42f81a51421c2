"""The process of a driver: how it begins, what it says, and that it never outlives the core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from onitu.rpc.gen import driver_pb2, driver_pb2_grpc

TOKEN = "cd" * 32
DEADLINE = 30.0

DRIVER = """
import os, subprocess, sys
from onitu.plug import Plug, ServiceError
plug = Plug()

@plug.handler()
def list_directory(folder, path):
    return []

def start():
    print("this goes where the log goes")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    plug.logger.warning("child_started", extra={"pid": child.pid})
    if plug.options["fails"]:
        raise ServiceError("cannot reach anything")
    plug.listen()
"""
MANIFEST = {
    "name": "spawned",
    "description": "A driver of a test",
    "options": {"fails": {"name": "Fails", "description": "Whether", "type": "boolean", "default": False}},
}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A directory that, on the path, has a driver `spawned` installed."""
    package = tmp_path / "onitu_spawned"
    package.mkdir()
    (package / "__init__.py").write_text(DRIVER)
    (package / "manifest.json").write_text(json.dumps(MANIFEST))
    information = tmp_path / "onitu_spawned-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: onitu-spawned\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[onitu.drivers]\nspawned = onitu_spawned\nbroken = onitu_nowhere\n")
    return tmp_path


@contextmanager
def started(directory: Path, *arguments: str, listen: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """Starts a driver process as the core does."""
    environment = os.environ | {"PYTHONPATH": str(directory)}
    if listen:
        environment["ONITU_DRIVER_LISTEN"] = f"unix:{directory}/d.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "onitu.plug", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            stream.close()
        process.wait(DEADLINE)


def hand_over(process: subprocess.Popen[bytes]) -> None:
    """Hands the token over."""
    assert process.stdin is not None
    process.stdin.write(TOKEN.encode() + b"\n")
    process.stdin.flush()


def configure(directory: Path, **options: bool) -> None:
    """Configures the driver."""
    with grpc.insecure_channel(f"unix:{directory}/d.sock") as channel:
        stub = driver_pb2_grpc.DriverStub(channel)  # type: ignore[no-untyped-call]
        request = driver_pb2.ConfigureRequest(service="s", setup_id="i", generation=1, options=options)
        carrying = (("authorization", f"Bearer {TOKEN}"),)
        stub.Configure(request, metadata=carrying, timeout=DEADLINE, wait_for_ready=True)


def lines(process: subprocess.Popen[bytes]) -> Iterator[dict[str, object]]:
    """Yields what the process logs; its other lines as `{"text": ...}`."""
    assert process.stderr is not None
    for line in process.stderr:
        yield json.loads(line) if line.startswith(b"{") else {"text": line.decode().strip()}


def event(process: subprocess.Popen[bytes], name: str) -> dict[str, object]:
    """Returns the next line of an event."""
    return next(line for line in lines(process) if line.get("event") == name)


def is_alive(pid: int) -> bool:
    """Returns whether a process is there and no zombie."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_end_of_stdin_ends_the_process_and_its_children(installed: Path) -> None:
    """A core that is killed takes its drivers along (DESIGN §4)."""
    with started(installed, "spawned") as process:
        hand_over(process)
        configure(installed)
        child = event(process, "child_started")["pid"]
        assert isinstance(child, int)
        assert is_alive(child)
        assert process.stdin is not None
        process.stdin.close()
        process.wait(DEADLINE)
        rest = list(lines(process))
        assert not is_alive(child)
        assert not [line for line in rest if line.get("level") == "error"]


@pytest.mark.slow
def test_start_that_fails_is_logged_and_answered(installed: Path) -> None:
    """The reason is the text of what was raised (D8); stdout goes where the log goes."""
    with started(installed, "spawned") as process:
        hand_over(process)
        with pytest.raises(grpc.RpcError, match="cannot reach anything"):
            configure(installed, fails=True)
        seen = []
        for line in lines(process):
            seen.append(line)
            if line.get("event") == "service_failed":
                break
    assert seen[-1]["reason"] == "cannot reach anything"
    assert {"text": "this goes where the log goes"} in seen
    missing = [line["feature"] for line in seen if line.get("event") == "feature_missing"]
    assert "stat_file" in missing


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "listen", "token", "reason"),
    [
        (["nowhere"], True, True, "the driver 'nowhere' is not installed; installed are:"),
        (["broken"], True, True, "the driver 'broken' cannot be imported: ModuleNotFoundError"),
        (["spawned"], True, False, "no token came on stdin"),
        (["spawned"], False, True, "usage: "),
        ([], True, True, "usage: "),
    ],
)
def test_process_that_cannot_begin_says_why(
    installed: Path, *, arguments: list[str], listen: bool, token: bool, reason: str
) -> None:
    """A clear line and an exit code, whatever is wrong."""
    with started(installed, *arguments, listen=listen) as process:
        if token:
            hand_over(process)
        else:
            assert process.stdin is not None
            process.stdin.close()
        failed = event(process, "service_failed")
        assert str(failed["reason"]).startswith(reason)
        assert process.wait(DEADLINE) == 1
