"""The programs that run on and follow changes: each keeps a target directory as a source directory."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import attrs

from tests.benchmarks.data import HIDDEN
from tests.benchmarks.tools import environment, serve_command, write_setup

DEADLINE = 60.0  # Seconds for a daemon to come up, or for a change to arrive.

#: Directories that a daemon keeps in what it syncs.
OWN = frozenset({HIDDEN, ".stfolder"})

#: What has syncthing speak to nobody but its peer on this host.
ALONE = {
    "globalAnnounceEnabled": "false",
    "localAnnounceEnabled": "false",
    "relaysEnabled": "false",
    "natEnabled": "false",
    "startBrowser": "false",
    "urAccepted": "-1",
    "crashReportingEnabled": "false",
    "autoUpgradeIntervalH": "0",
    "reconnectionIntervalS": "1",
}


@attrs.frozen
class Daemon:
    """What runs on.

    Attributes:
        name: In the report.
        serve: Keeps a target as a source, with a directory for its own data; within the block it is in sync.
        both_ways: Whether it brings changes back as well.
        changes: How many changes a round has: fewer for who takes seconds for one.
        needs: The program it is, which may be missing.
    """

    name: str
    serve: Callable[[Path, Path, Path], AbstractContextManager[None]]
    both_ways: bool = attrs.field(default=True, kw_only=True)
    changes: int = attrs.field(default=30, kw_only=True)
    needs: str = attrs.field(default="", kw_only=True)

    @property
    def is_there(self) -> bool:
        """Whether it can be run."""
        return not self.needs or shutil.which(self.needs) is not None


@contextmanager
def running(command: list[str], data: Path, log: Path) -> Iterator[None]:
    """Runs a program until the block ends.

    Args:
        command: Its command line.
        data: Its home.
        log: Where its output goes.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment(data),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def wait(condition: Callable[[], bool], what: str, step: float = 0.05, deadline: float = DEADLINE) -> None:
    """Waits until something holds.

    Args:
        condition: What is to hold.
        what: The same in words.
        step: Seconds between two looks.
        deadline: Seconds after which it is given up.

    Raises:
        RuntimeError: It does not.
    """
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            message = f"not within {deadline} seconds: {what}"
            raise RuntimeError(message)
        time.sleep(step)


def settled(log: Path) -> bool:
    """Tells whether Onitu has nothing to do, by its log: that may be long, and its last line is being written."""
    return re.search(rb'"event": *"settled"', log.read_bytes()) is not None


@contextmanager
def _onitu(source: Path, target: Path, data: Path) -> Iterator[None]:
    log = data / "log"
    with running(serve_command(write_setup(source, [target], data)), data, log):
        wait(lambda: settled(log), "onitu settles", deadline=10 * DEADLINE)
        yield


@contextmanager
def _lsyncd(source: Path, target: Path, data: Path) -> Iterator[None]:
    """Runs lsyncd at its fastest: by `cp`, `mv` and `rm`, without gathering changes first."""
    command = ["lsyncd", "-nodaemon", "-delay", "0", "-direct", str(source), str(target)]
    with running(command, data, data / "log"):
        wait(lambda: same_names(source, target), "lsyncd has copied everything")
        yield


@contextmanager
def _syncthing(source: Path, target: Path, data: Path) -> Iterator[None]:
    """Runs two instances on loopback that gather changes for a second, the least that Debian's version takes."""
    homes = {source: data / "source", target: data / "target"}
    ports = {place: _free_port() for place in homes}
    devices = {place: _new_device(home, data) for place, home in homes.items()}
    with ExitStack() as closing:
        for place, home in homes.items():
            _configure(
                home / "config.xml", place, {devices[other]: port for other, port in ports.items()}, ports[place]
            )
            (place / ".stfolder").mkdir()
            command = ["syncthing", "serve", "--home", str(home), "--no-browser", "--no-restart", "--no-upgrade"]
            closing.enter_context(running(command, data, home / "log"))
        wait(lambda: same_names(source, target), "syncthing has copied everything", deadline=3 * DEADLINE)
        yield


def _new_device(home: Path, data: Path) -> str:
    generate = ["syncthing", "generate", "--home", str(home), "--skip-port-probing", "--no-default-folder"]
    subprocess.run(generate, check=True, capture_output=True, env=environment(data))
    device = ET.parse(home / "config.xml").getroot().find("device")  # noqa: S314 - It is our own child's.
    assert device is not None
    return device.attrib["id"]


def _configure(file: Path, place: Path, devices: dict[str, int], port: int) -> None:
    """Writes what an instance is to do.

    Args:
        file: Its configuration, as it was generated.
        place: The directory it shares.
        devices: Both instances, each with the port where it listens.
        port: Where this one listens.
    """
    tree = ET.parse(file)  # noqa: S314 - It is our own child's.
    root = tree.getroot()
    for old in root.findall("device"):
        root.remove(old)
    folder = ET.SubElement(
        root, "folder", id="docs", path=str(place), type="sendreceive", fsWatcherEnabled="true", fsWatcherDelayS="1"
    )
    for device, its_port in devices.items():
        ET.SubElement(folder, "device", id=device)
        address = ET.SubElement(ET.SubElement(root, "device", id=device, name=device[:7]), "address")
        address.text = f"tcp://127.0.0.1:{its_port}"
    root.find("gui").set("enabled", "false")  # type: ignore[union-attr]
    options = root.find("options")
    assert options is not None
    for name, text in {**ALONE, "listenAddress": f"tcp://127.0.0.1:{port}"}.items():
        option = options.find(name)
        (ET.SubElement(options, name) if option is None else option).text = text
    tree.write(file)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def same_names(source: Path, target: Path) -> bool:
    """Tells whether two trees have files of the same names."""
    return names(source) == names(target)


def names(root: Path) -> set[str]:
    """Lists the files of a tree by their paths in it, without those that daemons keep there."""
    found = set()
    for directory, directories, files in os.walk(root):
        directories[:] = [name for name in directories if name not in OWN]
        found |= {str(Path(directory, name).relative_to(root)) for name in files}
    return found


ONITU = Daemon("onitu", _onitu)
LSYNCD = Daemon("lsyncd", _lsyncd, both_ways=False, needs="lsyncd")
SYNCTHING = Daemon("syncthing", _syncthing, changes=5, needs="syncthing")
