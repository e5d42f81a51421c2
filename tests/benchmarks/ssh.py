"""The work beside `rclone` and `rsync` to a real `sshd` on loopback: `python -m tests.benchmarks ssh`.

The server sees the same directories, so what comes of the work is compared as on a local disk. It is started before
what is measured and ended after it: a server of its own for each tool, which no other one has warmed up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
import yaml

from tests.benchmarks.daemons import Daemon, running, settled, wait
from tests.benchmarks.measure import Cost, measure
from tests.benchmarks.model import KIB, MIB, Files, Goal, Workload
from tests.benchmarks.once import first_copy, nothing_to_do
from tests.benchmarks.running import latency
from tests.benchmarks.tools import Tool, environment, rclone, serve_command
from tests.functional.proxy import Proxy
from tests.functional.sshd import Sshd

DELAY = 0.05  # Seconds each way, for a server that is far away.
FAR_SMALL = 2_000  # Files that a server far away gets: with ten thousand rclone takes half an hour.


@attrs.frozen
class Server:
    """Where a tool finds the server.

    Attributes:
        sshd: What is there.
        port: Where connections go.
    """

    sshd: Sshd
    port: int

    def known_hosts(self) -> Path:
        """Returns a file that says which key the server has, at the port where connections go."""
        kind, key = (self.sshd.place / "host_key.pub").read_text().split()[:2]
        file = self.sshd.place / "known_hosts"
        file.write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")
        return file


@attrs.frozen
class RemoteTool(Tool):
    """A program that brings a directory of a server to what a directory here holds.

    Attributes:
        remote: Builds its command line from the server, source, target and a directory for its own data.
        delay: Seconds that every byte to the server is under way, each way.
    """

    remote: Callable[[Server, Path, Path, Path], list[str]]
    delay: float = attrs.field(default=0.0, kw_only=True)

    def run(self, source: Path, targets: Sequence[Path], data: Path) -> Cost:
        """Brings the target to what the source holds; the server's start and end are not counted."""
        data.mkdir(exist_ok=True)
        with served(targets[0], data, self.delay) as server:
            return measure(self.remote(server, source, targets[0], data), environment(data), data / "log")


@contextmanager
def served(target: Path, data: Path, delay: float = 0.0) -> Iterator[Server]:
    """Gives a server for a while.

    Args:
        target: A directory that it is to show.
        data: Where what it needs lies. The same place makes a server at the same port: to Onitu it is the same one.
        delay: Seconds that every byte is under way, each way.
    """
    with ExitStack() as closing:
        file = data / "port"
        sshd = Sshd(data / "sshd", target, port=int(file.read_text()) if file.exists() else 0)
        closing.callback(sshd.stop)
        file.write_text(str(sshd.port))
        port = closing.enter_context(Proxy(sshd.port, delay=delay)).port if delay else sshd.port
        yield Server(sshd, port)


def write_setup(server: Server, source: Path, target: Path, data: Path) -> Path:
    """Writes the setup for Onitu: one folder, here and at the server."""
    login = {**server.sshd.options(), "port": server.port, "known_hosts": str(server.known_hosts())}
    there = {"driver": "ssh", **login, "root": str(target), "folders": {"docs": {"path": "."}}}
    here = {"driver": "local_storage", "root": str(source), "folders": {"docs": {"path": "."}}}
    setup = {"name": "benchmark", "folders": {"docs": None}, "services": {"source": here, "target1": there}}
    file = data / "onitu.yaml"
    file.write_text(yaml.safe_dump(setup), "utf-8")
    return file


def _onitu(server: Server, source: Path, target: Path, data: Path) -> list[str]:
    return serve_command(write_setup(server, source, target, data), "--once")


def _rsync(server: Server, source: Path, target: Path, _data: Path) -> list[str]:
    way = f"ssh -F none -o IdentitiesOnly=yes -o BatchMode=yes -c aes128-gcm@openssh.com -p {server.port}"
    way += f" -i {server.sshd.place}/key -o UserKnownHostsFile={server.known_hosts()}"
    return ["rsync", "-a", "-e", way, f"{source}/", f"{server.sshd.options()['username']}@127.0.0.1:{target}/"]


def _rclone(server: Server, source: Path, target: Path, _data: Path) -> list[str]:
    # By itself it starts a program there for every file, for its digest.
    there = f":sftp,host=127.0.0.1,port={server.port},user={server.sshd.options()['username']},disable_hashcheck=true"
    there += f",key_file={server.sshd.place}/key,known_hosts_file={server.known_hosts()}"
    return [rclone(), "sync", str(source), f"{there}:{target}"]


def peers(delay: float = 0.0) -> tuple[RemoteTool, ...]:
    """Returns those that are compared.

    Args:
        delay: Seconds that every byte is under way, each way.
    """
    tools = (("onitu", _onitu), ("rsync", _rsync), ("rclone", _rclone))
    return tuple(RemoteTool(name, remote, delay=delay) for name, remote in tools)


@contextmanager
def _serving(source: Path, target: Path, data: Path) -> Iterator[None]:
    log = data / "log"
    with (
        served(target, data) as server,
        running(serve_command(write_setup(server, source, target, data)), data, log),
    ):
        wait(lambda: settled(log), "the daemon settles")
        yield


SMALL = Files(count=10_000, size=4 * KIB)
LARGE = Files(count=1, size=1024 * MIB)
NO_SLOWER = Goal("≤ 1.0 x rclone sync", 1.0, "rclone")

SSH = {
    "ssh-small": Workload("10,000 x 4 KiB over ssh, first sync", first_copy(SMALL, peers()), (NO_SLOWER,)),
    "ssh-large": Workload("1 x 1 GiB over ssh, first sync", first_copy(LARGE, peers()), (NO_SLOWER,)),
    "ssh-quiet": Workload(
        "50,000 x 1 KiB over ssh, nothing to do",
        nothing_to_do(Files(count=50_000, size=KIB), peers()),
        (Goal("≤ 3 s", seconds=3.0),),
    ),
    "ssh-latency": Workload(
        "a new 4 KiB file appears over ssh, 1,000 files in sync",
        latency(Files(count=1_000, size=4 * KIB), (Daemon("onitu", _serving),)),
        (Goal("half within 300 ms", seconds=0.3),),
    ),
    "ssh-far-small": Workload(
        f"{FAR_SMALL:,} x 4 KiB over ssh, {DELAY * 2000:.0f} ms there and back, first sync",
        first_copy(Files(count=FAR_SMALL, size=4 * KIB), peers(DELAY)),
    ),
    "ssh-far-large": Workload(
        f"1 x 256 MiB over ssh, {DELAY * 2000:.0f} ms there and back, first sync",
        first_copy(Files(count=1, size=256 * MIB), peers(DELAY)),
    ),
}
"""Name to workload."""
