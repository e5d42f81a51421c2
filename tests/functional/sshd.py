"""A real `sshd` of this host's OpenSSH, on loopback, for one test: with keys of its own, for nobody else.

There are three set-ups: a login with a shell; one that gets nothing but SFTP, below a directory it cannot leave; and
one that needs a password. The last two take root, and a mount namespace in which `sshd` sees other users than this
host's.
"""

from __future__ import annotations

import functools
import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Final, Literal

Setup = Literal["shell", "sftp-only", "password"]

PASSWORD: Final = "correct horse 'battery' $taple"  # noqa: S105  It opens nothing but this server.
"""Of the user who logs in with one."""

USER: Final = "onitu-tester"
"""Who logs in where this host's users are not those of `sshd`."""

USER_NUMBER: Final = 61_234
"""Their number, to which what they may change belongs."""

PROGRAMS: Final = "/run/programs"
"""Where a server has its programs that was given some."""

_HASH: Final = "$6$onitutests$1lgNE2q8MB1N/jpY/kj2RnezSVKY8zkx19.49j4Rs34h49RqJZWbSooFM1axt328MWP5jD8NC556MRGjtRnDf."
_READY: Final = 10.0

_CONFIG: Final = """
ListenAddress 127.0.0.1
Port {port}
HostKey {place}/host_key
PidFile none
AuthorizedKeysFile {keys_file}
StrictModes no
UsePAM no
UseDNS no
LogLevel VERBOSE
PermitRootLogin prohibit-password
PasswordAuthentication {password}
KbdInteractiveAuthentication no
PubkeyAuthentication {keys}
MaxStartups 100:30:200
Subsystem sftp internal-sftp
"""

_CHROOT: Final = """
ChrootDirectory /mnt
ForceCommand internal-sftp
AllowTcpForwarding no
"""


def missing(setup: Setup) -> str | None:
    """Says why a set-up cannot be had on this host; None: it can."""
    if _program() is None:
        return "there is no sshd: `just` installs OpenSSH's server where it may"
    if setup != "shell" and not _has_namespaces():
        return "only root, in a mount namespace, can show sshd other users than this host's"
    return None


def _program() -> str | None:
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@functools.cache
def _has_namespaces() -> bool:
    tried = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    return os.geteuid() == 0 and subprocess.run(tried, capture_output=True, check=False).returncode == 0


class Sshd:
    """One server.

    Args:
        place: A directory for its keys and its log.
        root: The directory that the service is to be in.
        setup: Who may log in, and to what.
        shell: Of whom it shows instead of this host's users.
        programs: A directory that is `PROGRAMS` there, and all that a shell finds; by itself it finds this host's.
        port: Where to listen; 0: anywhere.

    Attributes:
        port: Where it listens, the same after each start.
    """

    def __init__(
        self,
        place: Path,
        root: Path,
        setup: Setup = "shell",
        *,
        shell: str = "/bin/sh",
        programs: Path | None = None,
        port: int = 0,
    ) -> None:
        self.place = place
        self.root = root
        self.setup = setup
        self._shell = shell
        self._programs = programs
        place.mkdir(exist_ok=True)
        root.mkdir(exist_ok=True)
        with socket.socket() as free:
            # `sshd` does so too: connections that have ended are no reason to wait.
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(("127.0.0.1", port))
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("host_key", "key"):
            _make_key(place / name)
        (place / "key.pub").chmod(0o644)
        self.trust()
        config = _CONFIG.format(
            port=self.port,
            place=place,
            keys_file="/run/key.pub" if _has_namespaces() else place / "key.pub",
            password="yes" if setup == "password" else "no",
            keys="no" if setup == "password" else "yes",
        )
        # With that level bash reads nothing of this host's user first, who may have it do whatever.
        config += f"SetEnv SHLVL=2{'' if programs is None else f' PATH={PROGRAMS}'}\n"
        (place / "config").write_text(config + (_CHROOT if setup == "sftp-only" else ""))
        self.start()

    @property
    def service_root(self) -> str:
        """The directory, as whoever logs in sees it."""
        return {"shell": str(self.root), "sftp-only": "/files", "password": "/mnt/files"}[self.setup]

    def options(self) -> dict[str, str | int]:
        """Returns the options of a service there."""
        login: dict[str, str | int] = {
            "hostname": "127.0.0.1",
            "port": self.port,
            "root": self.service_root,
            "known_hosts": str(self.place / "known_hosts"),
            "ssh_config": "none",
        }
        if self.setup == "password":
            return {**login, "username": USER, "password": PASSWORD}
        who = USER if self.setup == "sftp-only" else getpass.getuser()
        return {**login, "username": who, "private_key": str(self.place / "key")}

    def trust(self) -> None:
        """Makes the server's key the one that is known."""
        kind, key = (self.place / "host_key.pub").read_text().split()[:2]
        (self.place / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {kind} {key}\n")

    def change_key(self) -> None:
        """Gives the server another key, as a stranger in between would have; the old one stays the one known."""
        self.stop()
        _make_key(self.place / "host_key")
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        program = _program()
        assert program is not None
        command = [program, "-D", "-e", "-f", str(self.place / "config")]
        if _has_namespaces():
            command = ["unshare", "-m", "sh", "-ec", self._prepare() + 'exec "$@"', "sh", *command]
        elif os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # Without it sshd does not start.
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log, stdout=log, start_new_session=True)
        deadline = time.monotonic() + _READY
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise RuntimeError(f"sshd does not listen: {(self.place / 'log').read_text()}")

    def _prepare(self) -> str:
        """Returns what makes the namespace of mounts as this set-up needs it."""
        script = f"mount -t tmpfs -o mode=755 none /run; mkdir /run/sshd; cp '{self.place}/key.pub' /run/key.pub; "
        if self._programs is not None:
            script += f"mkdir {PROGRAMS}; mount --bind '{self._programs}' {PROGRAMS}; "
        if self.setup == "shell":
            return script
        os.chown(self.root, USER_NUMBER, USER_NUMBER)
        for name, line in (
            ("passwd", f"{USER}:x:{USER_NUMBER}:{USER_NUMBER}::/:{self._shell}\n"),
            ("group", f"{USER}:x:{USER_NUMBER}:\n"),
            ("shadow", f"{USER}:{_HASH}:19000:0:99999:7:::\n"),
        ):
            (self.place / name).write_text(Path("/etc", name).read_text() + line)
            script += f"mount --bind '{self.place}/{name}' /etc/{name}; "
        return (
            script + f"mount -t tmpfs -o mode=755 none /mnt; mkdir /mnt/files; mount --bind '{self.root}' /mnt/files; "
        )

    def stop(self) -> None:
        """Ends it, and every connection with it."""
        if self._process is None:
            return
        for child in self.connections():
            _end(child)
        self._process.kill()
        self._process.wait()
        self._process = None

    def cut(self) -> None:
        """Ends every connection, as a network that fails does; new ones are let in."""
        for child in self.connections():
            _end(child)

    def connections(self) -> list[int]:
        """Returns the processes that serve connections."""
        assert self._process is not None
        found: list[int] = []
        waiting = [self._process.pid]
        while waiting:
            children = Path(f"/proc/{(parent := waiting.pop())}/task/{parent}/children")
            try:
                below = [int(child) for child in children.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue  # It has ended by itself.
            found += below
            waiting += below
        return found


def _end(process: int) -> None:
    try:
        os.kill(process, 9)
    except ProcessLookupError:
        pass  # It has ended by itself.


def _make_key(path: Path) -> None:
    for old in (path, path.with_name(f"{path.name}.pub")):
        old.unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
