"""Keeping a process: its log, its death, its end. The processes are real ones, of a few lines of shell."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import pytest
import structlog
import trio
from structlog.testing import LogCapture
from structlog.typing import FilteringBoundLogger

from onitu.errors import ConfigError, InvariantError, OutcomeUnknown, Unavailable
from onitu.host import process
from onitu.host.process import DriverDied, DriverProcess, adopt_driver, open_client, run_driver
from onitu.host.runtime import runtime_directory
from onitu.host.spawn import MAX_SOCKET_PATH, driver_command, spawn

TAKE_STDIN = "read token; "
STAY = "cat > /dev/null"  # Ends with its stdin, as a driver does.
DEADLINE = 20 * float(os.environ.get("ONITU_TEST_TIME_UNIT", "1"))


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A directory for sockets."""
    with runtime_directory() as directory:
        yield directory


@pytest.fixture
def logged() -> LogCapture:
    """What was logged."""
    return LogCapture()


@pytest.fixture
def log(logged: LogCapture) -> FilteringBoundLogger:
    """A log that is kept."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        None, processors=[logged], wrapper_class=structlog.make_filtering_bound_logger(0)
    ).bind()
    return logger


Running: TypeAlias = Callable[[str], AbstractAsyncContextManager[DriverProcess]]


@pytest.fixture
def running(runtime: Path, log: FilteringBoundLogger) -> Running:
    """Returns what keeps a shell script as a driver, within a deadline."""

    @asynccontextmanager
    async def run(script: str) -> AsyncIterator[DriverProcess]:
        with trio.fail_after(DEADLINE):
            argv = ["/bin/sh", "-c", TAKE_STDIN + script]
            async with run_driver(argv, runtime_dir=runtime, service="nas", log=log) as driver:
                yield driver

    return run


def alive(pid: int) -> bool:
    """Returns whether a process exists and is no zombie."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def gone(pid: int) -> bool:
    """Waits until a process that was killed is dead: nobody but its parent can be told."""
    with trio.move_on_after(DEADLINE):
        while alive(pid):
            await trio.sleep(0.005)
    return not alive(pid)


async def read_pid(path: Path) -> int:
    """Waits until a script has written a pid."""
    while not (text := read(path)).strip():
        await trio.sleep(0.005)
    return int(text)


def read(path: Path) -> str:
    """Returns what another process has written so far."""
    return path.read_text() if path.exists() else ""


def names(directory: Path) -> set[str]:
    """Returns what is in a directory."""
    return {path.name for path in directory.iterdir()}


def descriptors(pid: int) -> dict[str, Path]:
    """Returns what a process has open, by number."""
    return {path.name: path.readlink() for path in Path(f"/proc/{pid}/fd").iterdir()}


class TestSpawn:
    """`spawn`, and what a process is given."""

    async def test_hands_over_token_and_address(self, runtime: Path, log: FilteringBoundLogger, tmp_path: Path) -> None:
        """The token comes on stdin, never in arguments or the environment, and the address is a short path."""
        script = f'read token; echo "$token $ONITU_DRIVER_LISTEN $$" > {tmp_path}/out; env > {tmp_path}/env; {STAY}'
        spawned = spawn(["/bin/sh", "-c", script], runtime)

        async with adopt_driver(spawned, service="nas", log=log) as driver:
            while not (tmp_path / "env").exists():
                await trio.sleep(0.005)
            token, target, pid = (tmp_path / "out").read_text().split()

        assert (token, target, int(pid)) == (driver.token, driver.target, driver.pid)
        assert len(bytes.fromhex(token)) == 32
        assert target.removeprefix("unix:").startswith(str(runtime))
        assert len(target.removeprefix("unix:")) <= MAX_SOCKET_PATH
        assert token not in (tmp_path / "env").read_text()
        assert token not in repr(spawned) + repr(driver)

    def test_says_what_cannot_be_started(self, runtime: Path) -> None:
        """A command that is not there is a fault of the setup."""
        with pytest.raises(ConfigError, match=r"no-such-driver.*No such file"):
            spawn(["/no-such-driver", "--fast"], runtime)

    def test_may_be_given_up(self, runtime: Path) -> None:
        """A process nobody adopts is killed, and is no zombie afterwards."""
        spawned = spawn(["/bin/sh", "-c", "sleep 1000"], runtime)

        spawned.kill()

        assert not Path(f"/proc/{spawned.process.pid}").exists()

    def test_keeps_the_working_directory_out_of_the_imports(self) -> None:
        """A `trio.py` that lies where the user started Onitu is not imported by drivers."""
        assert "-P" in driver_command("memory")
        assert driver_command("memory")[-2:] == ["onitu.plug", "memory"]

    async def test_shares_no_descriptor_with_its_siblings(self, running: Running) -> None:
        """A driver that held its sibling's stdin would keep it alive when the core is killed."""
        async with running(STAY) as first, running(STAY) as second:
            for one, other in ((first, second), (second, first)):
                assert descriptors(one.pid)["0"] not in descriptors(other.pid).values()


class TestDeath:
    """A process that ends though nobody wanted it to."""

    @pytest.mark.parametrize(
        ("script", "returncode", "text"),
        [
            ("echo oh no >&2; exit 3", 3, "ended with exit status 3: oh no"),
            ("exit 0", 0, "ended with exit status 0: it logged nothing"),
            ("kill -9 $$", -9, "was killed by SIGKILL"),
            (
                """echo '{"level": "error", "event": "start_failed", "reason": "no root"}'; exit 1""",
                1,
                "start_failed: no root",
            ),
        ],
    )
    async def test_is_noticed_and_explained(
        self,
        running: Running,
        script: str,
        returncode: int,
        text: str,
    ) -> None:
        """The block is cancelled at once, and told how the process ended and what it said last."""
        with pytest.raises(DriverDied, match=text) as caught:
            async with running(script):
                await trio.sleep_forever()

        assert caught.value.returncode == returncode
        assert "'nas'" in str(caught.value)

    async def test_comes_before_the_errors_it_causes(self, running: Running) -> None:
        """A block that finds its connection torn learns that the driver died."""

        async def torn(pid: int) -> None:
            await trio.lowlevel.checkpoint()
            os.kill(pid, signal.SIGKILL)
            message = "the connection was lost"
            raise OutcomeUnknown(message)

        async def work() -> None:
            async with running(STAY) as driver, trio.open_nursery() as nursery:
                nursery.start_soon(torn, driver.pid)
                nursery.start_soon(torn, driver.pid)

        with pytest.raises(DriverDied, match="SIGKILL"):
            await work()

    async def test_takes_its_children_along(self, running: Running, tmp_path: Path) -> None:
        """A child that survives a crashed driver could still write to the service."""
        with pytest.raises(DriverDied):
            async with running(f"sleep 1000 & echo $! > {tmp_path}/child; exit 1"):
                await trio.sleep_forever()

        assert await gone(await read_pid(tmp_path / "child"))

    @pytest.mark.parametrize("error", [Unavailable("alone"), InvariantError("a bug"), KeyError("x")])
    async def test_is_not_claimed_for_other_errors(self, running: Running, error: Exception) -> None:
        """What the block raises while the driver lives comes out as it is, in no group."""
        with pytest.raises(type(error)) as caught:
            async with running(STAY) as driver:
                raise error

        assert caught.value is error
        assert not alive(driver.pid)

    async def test_hides_no_bug(self, running: Running) -> None:
        """A bug of ours that comes together with a death is not lost."""

        async def fail() -> None:
            await trio.lowlevel.checkpoint()
            message = "a bug"
            raise InvariantError(message)

        with pytest.RaisesGroup(DriverDied, InvariantError, flatten_subgroups=True):
            async with running(STAY) as driver:
                os.kill(driver.pid, signal.SIGKILL)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(fail)


class TestEnd:
    """The end of a process with its block."""

    async def test_is_the_end_of_stdin(self, running: Running, logged: LogCapture, runtime: Path) -> None:
        """A driver that keeps the contract is not signalled, and what it says at the end is logged."""
        async with running(f"touch ${{ONITU_DRIVER_LISTEN#unix:}}; {STAY}; echo good bye") as driver:
            pass

        assert not alive(driver.pid)
        assert [entry["line"] for entry in logged.entries] == ["good bye"]
        assert names(runtime) == set()

    async def test_is_sigterm_for_who_ignores_that(
        self,
        running: Running,
        logged: LogCapture,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """The whole group is asked, and may say good bye."""
        monkeypatch.setattr(process, "EOF_GRACE", 0.05)

        async with running(
            f"trap 'echo bye; exit' TERM; echo $$ > {tmp_path}/up; while :; do sleep 1000; done"
        ) as driver:
            await read_pid(tmp_path / "up")

        assert not alive(driver.pid)
        assert logged.entries[0]["event"] == "driver_terminated"
        assert "bye" in [entry.get("line") for entry in logged.entries]

    async def test_is_sigkill_for_who_ignores_everything(
        self,
        running: Running,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        """Nothing survives it, children included, not even when the block was cancelled."""
        monkeypatch.setattr(process, "EOF_GRACE", 0.05)
        monkeypatch.setattr(process, "TERM_GRACE", 0.05)
        script = f"trap '' TERM; sleep 1000 & echo $! > {tmp_path}/child; while :; do sleep 1000; done"

        with trio.CancelScope() as scope:
            async with running(script) as driver:
                child = await read_pid(tmp_path / "child")
                scope.cancel()
                await trio.sleep_forever()

        assert scope.cancelled_caught
        assert not alive(driver.pid)
        assert await gone(child)


class TestOpenClient:
    """`open_client`."""

    async def test_gives_up_on_a_driver_that_never_serves(
        self, running: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A driver that does not answer at all is an error that says so."""
        monkeypatch.setattr(process, "START_DEADLINE", 0.05)

        with pytest.raises(Unavailable, match="did not begin to serve"):
            async with running(STAY) as driver, open_client(driver):
                pass

    async def test_does_not_wait_for_a_driver_that_died(self, running: Running) -> None:
        """A driver that crashes at its start is told from one that is slow."""
        with pytest.raises(DriverDied, match="ModuleNotFoundError"):
            async with running("echo ModuleNotFoundError; exit 1") as driver, open_client(driver):
                pass


class TestRuntimeDirectory:
    """`runtime_directory`."""

    def test_is_private_and_goes_with_the_core(self) -> None:
        """Nobody else may enter it, and nothing is left of it."""
        with runtime_directory() as directory:
            listen_at(directory / "12345678.sock")
            assert directory.stat().st_mode & 0o777 == 0o700

        assert not directory.exists()

    def test_lies_where_socket_paths_fit(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A runtime directory with a long path is not used."""
        long = tmp_path / ("x" * 100)
        long.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))

        with runtime_directory() as directory:
            assert len(str(directory / "12345678.sock")) <= MAX_SOCKET_PATH

    def test_removes_what_killed_cores_left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An abandoned directory is removed by the next core, that of a living one is not."""
        with TemporaryDirectory(dir="/tmp") as directory:  # Socket paths are short.
            parent = Path(directory)
            monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
            abandoned = parent / "onitu-sockets-abandoned"
            abandoned.mkdir()
            listen_at(abandoned / "12345678.sock")

            with runtime_directory() as living, runtime_directory() as another:
                assert names(parent) == {living.name, another.name}

            assert names(parent) == set()

    def test_removes_nothing_but_sockets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A directory that only has such a name keeps what is in it."""
        with TemporaryDirectory(dir="/tmp") as directory:
            monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
            notes = Path(directory) / "onitu-sockets-explained" / "notes"
            notes.parent.mkdir()
            notes.touch()

            with runtime_directory() as living:
                (living / "precious").touch()

            assert notes.exists()
            assert (living / "precious").exists()


def listen_at(path: Path) -> None:
    """Leaves a socket behind."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
