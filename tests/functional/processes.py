"""One run of `onitu`: the process, its log, its driver processes, and waiting for what they do.

Real processes are waited for with deadlines only. `ONITU_TEST_TIME_UNIT` (CONTRACT F5) is the number of seconds in one
unit, 1 by default; every deadline here is counted in units, so a slow machine needs one number.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import psutil

UNIT = float(os.environ.get("ONITU_TEST_TIME_UNIT", "1"))
EVERYTHING = bool(os.environ.get("ONITU_TEST_EVERYTHING"))  # Tests that wait for long deadlines, and many moments.
START = 20  # Units for a core to come up with its drivers and settle.
REACTION = 20  # Units for a running core to do what a test waits for; usually well under two.
RUN = 90  # Units for one `--once`.
STOP = 15  # Units from a signal to the end of the core; its own deadline for `Close` is five seconds.
PAUSE = 0.02  # Seconds between two looks.
TAIL = 60  # Lines of a log shown when a test fails.

Event: TypeAlias = Mapping[str, Any]
T = TypeVar("T")


def wait_until(condition: Callable[[], T], what: str, *, units: float = REACTION) -> T:
    """Looks again and again until something is so.

    Args:
        condition: What is asked; anything true ends the wait.
        what: What was waited for, for the failure message.
        units: The deadline.

    Returns:
        What the condition answered.

    Raises:
        AssertionError: It was not so in time.
    """
    deadline = time.monotonic() + units * UNIT
    while not (answer := condition()):
        if time.monotonic() > deadline:
            message = f"not within {units} units: {what}"
            raise AssertionError(message)
        time.sleep(PAUSE)
    return answer


class Log:
    """The events a process has logged, read from the file it writes them to.

    Args:
        path: The file, one JSON object per line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._events: list[Event] = []

    @property
    def events(self) -> list[Event]:
        """Everything logged until now; a line that is no JSON object becomes an event without a name."""
        with self.path.open("rb") as stream:
            stream.seek(self._offset)
            while (line := stream.readline()).endswith(b"\n"):
                self._offset += len(line)
                self._events.append(_event(line))
        return self._events

    def named(self, name: str, **keys: object) -> list[Event]:
        """Finds events.

        Args:
            name: The event's name.
            keys: What else it must say.

        Returns:
            Those that match, in order.
        """
        return [
            event
            for event in self.events
            if event.get("event") == name and all(event.get(key) == value for key, value in keys.items())
        ]

    def about(self, name: str, path: str) -> list[Event]:
        """Finds the events of a name about one path of the folder.

        Args:
            name: The event's name.
            path: Relative to the folder.

        Returns:
            Those that match, in order.
        """
        return self.named(name, path=path)

    @property
    def transfers(self) -> list[Event]:
        """The transfers that finished: content that was moved (CONTRACT F3)."""
        return self.named("transfer_finished")

    @property
    def failed_paths(self) -> set[str]:
        """The paths for which something could not be done."""
        return {event["path"] for name in ("path_failed", "transfer_aborted") for event in self.named(name)}

    @property
    def routes(self) -> list[tuple[str, str]]:
        """From which service to which each finished transfer went."""
        return [(event["source"], event.get("target") or event["service"]) for event in self.transfers]

    def tail(self) -> str:
        """Shows the end of the log, for a person."""
        return "\n".join(json.dumps(event, ensure_ascii=False) for event in self.events[-TAIL:])


def _event(line: bytes) -> Event:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"event": "", "line": line.decode(errors="replace").rstrip()}


class Core:
    """A running `onitu`, with the drivers it has started.

    Args:
        command: Its command line.
        environment: Its environment.
        log: Where its log goes.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.output_path = log.with_suffix(".out")
        with log.open("wb") as errors, self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                env=environment,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        self.log = Log(log)
        self._drivers: dict[int, psutil.Process] = {}

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.output_path.read_text("utf-8")

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def drivers(self) -> list[psutil.Process]:
        """Looks up its driver processes.

        Returns:
            Those that are alive, once the core has any.
        """
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            children = []
        self._drivers |= {child.pid: child for child in children}
        return [driver for driver in self._drivers.values() if _alive(driver)]

    def process_of(self, service: str) -> psutil.Process:
        """Waits for the driver process that a service has now, whatever its driver.

        Args:
            service: Its name.

        Returns:
            The process.
        """

        def current() -> psutil.Process | None:
            started = self.log.named("service_started", service=service)
            pids = {driver.pid: driver for driver in self.drivers()}
            return pids.get(started[-1]["pid"]) if started else None

        driver = wait_until(current, f"{service} has a driver")
        assert driver is not None
        return driver

    def holder(self, root: Path) -> psutil.Process | None:
        """Finds the driver of one local service by the lock it holds (DESIGN §3, "one owner").

        Args:
            root: Root of the service.

        Returns:
            The process, if it is up.
        """
        lock = str(root / ".onitu" / "lock")
        return next((driver for driver in self.drivers() if lock in _open_files(driver)), None)

    def driver_of(self, root: Path) -> psutil.Process:
        """Waits for the driver of one local service.

        Args:
            root: Root of the service.

        Returns:
            The process.
        """
        driver = wait_until(lambda: self.holder(root), f"a driver holds the lock of {root}")
        assert driver is not None
        return driver

    def wait(self, units: float = RUN) -> int:
        """Waits for its end.

        Args:
            units: The deadline; after it, it is killed and the test fails.

        Returns:
            The exit code.
        """
        try:
            return self.process.wait(units * UNIT)
        except subprocess.TimeoutExpired:
            self.kill_all()
            message = f"onitu still ran after {units} units; its log ends with\n{self.log.tail()}"
            raise AssertionError(message) from None

    def wait_for(self, name: str, *, units: float = REACTION, **keys: object) -> Event:
        """Waits until an event has been logged.

        Args:
            name: The event's name.
            units: The deadline.
            keys: What else it must say.

        Returns:
            The event.
        """
        return self.wait_until(lambda: self.log.named(name, **keys), f"event {name} {keys}", units=units)[0]

    def wait_for_further(self, name: str, count: int, *, units: float = REACTION, **keys: object) -> None:
        """Waits until an event has been logged once more.

        Args:
            name: The event's name.
            count: How often it had been logged.
            units: The deadline.
            keys: What else it must say.
        """
        what = f"event {name} {keys} after {count} of them"
        self.wait_until(lambda: len(self.log.named(name, **keys)) > count, what, units=units)

    def wait_until(self, condition: Callable[[], T], what: str, *, units: float = REACTION) -> T:
        """Waits like `wait_until`, and fails at once when the core ends.

        Args:
            condition: What is asked.
            what: What was waited for.
            units: The deadline.

        Returns:
            What the condition answered.
        """

        def alive_and_so() -> T | None:
            ended = not self.running
            answer = condition()
            if ended and not answer:
                message = f"onitu ended with {self.process.returncode} before: {what}\n{self.log.tail()}"
                raise AssertionError(message)
            return answer or None

        answer = wait_until(alive_and_so, what, units=units)
        assert answer is not None
        return answer

    def settle(self) -> None:
        """Waits until there is nothing left to do, after what has been logged until now."""
        seen = len(self.log.named("settled"))
        self.wait_until(lambda: len(self.log.named("settled")) > seen, "the core settles again")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to end.

        Args:
            how: The signal.

        Returns:
            The exit code.
        """
        self.drivers()
        if self.running:
            self.process.send_signal(how)
        return self.wait(STOP)

    def kill(self) -> None:
        """Kills the core alone, as `kill -9` does, and waits until no driver of it is left."""
        self.drivers()
        self.process.kill()
        self.process.wait()
        self.wait_for_drivers()

    def wait_for_drivers(self) -> None:
        """Waits until no driver of it is left."""
        wait_until(lambda: not self.drivers(), "every driver has died with the core", units=STOP)

    def kill_all(self) -> None:
        """Kills the core and its drivers, as a power cut would without the loss of memory."""
        drivers = self.drivers()
        self.process.kill()
        for driver in drivers:
            with suppress(psutil.NoSuchProcess):  # What a driver has started itself may end with it.
                driver.kill()
        self.process.wait()


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _open_files(process: psutil.Process) -> list[str]:
    try:
        return [str(link.readlink()) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    except OSError:
        return []
