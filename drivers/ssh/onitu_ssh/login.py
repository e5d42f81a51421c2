"""How to log in: the command line of the system's `ssh`, and how it gets to its secrets.

Everything the user has set up for `ssh` holds here too: configuration, agent, jump hosts, hardware keys, known hosts.
Secrets of the setup go neither into arguments nor into the environment: `ssh` asks a tiny script of ours, which reads
them from a pipe that nobody else can open and which answers no question but those it is meant for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from onitu.plug import InvalidPath, Unauthenticated, Unavailable

from .private import PrivateDirectory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CIPHERS: Final = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
"""First those that processors do by themselves: in trials they moved twice as much as the first of the defaults."""

_CONNECT: Final = 15  # Seconds until a server that does not answer counts as away.
_SHOWN_USER, _SHOWN_HOST = 30, 128  # So much of each stands in the question for a password.

_ASKED: Final = """#!/bin/sh
case $1 in
"$ONITU_SSH_WHO's password: "*|"($ONITU_SSH_WHO) "*) what=password ;;
"Enter passphrase for key '$ONITU_SSH_KEY'"*) what=passphrase ;;
*) exit 1 ;;
esac
[ -p "$ONITU_SSH_PLACE/$what" ] || exit 1
IFS= read -r secret < "$ONITU_SSH_PLACE/$what" && printf '%s\\n' "$secret"
"""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What the setup says of a server and of who logs in; names as in the manifest."""

    hostname: str
    port: int = 0
    username: str = ""
    private_key: str = ""
    passphrase: str = ""
    password: str = ""
    known_hosts: str = ""
    unknown_host: str = "refuse"
    jump_host: str = ""
    ssh_config: str = ""
    keep_alive: int = 15
    compression: bool = False
    shell: str = "auto"

    @classmethod
    def parse(cls, options: Mapping[str, object]) -> Login:
        """Returns the login that the options of a service describe.

        Raises:
            InvalidPath: They cannot be used.
        """
        login = msgspec.convert({name: options[name] for name in cls.__struct_fields__ if name in options}, cls)
        hostname = login.hostname
        if not hostname or hostname.startswith("-") or not hostname.isprintable() or " " in hostname:
            raise InvalidPath(f"option 'hostname': {hostname!r} is no name of a server")
        if not 0 <= login.port < 1 << 16:
            raise InvalidPath(f"option 'port': {login.port} is no port")
        for name in ("private_key", "known_hosts", "ssh_config", "jump_host", "username"):
            value = getattr(login, name)
            if '"' in value or not value.isprintable():
                raise InvalidPath(f"option '{name}': {value!r} has characters that ssh does not take")
        for name in ("password", "passphrase"):
            if not getattr(login, name).isprintable():
                raise InvalidPath(f"option '{name}': it has characters that cannot be typed")
        return login

    def __repr__(self) -> str:
        return f"Login({self.address!r})"

    @property
    def address(self) -> str:
        """Where it goes, for a person."""
        who = f"{self.username}@" if self.username else ""
        return f"{who}{self.hostname}" + (f":{self.port}" if self.port else "")

    @property
    def _asks(self) -> bool:
        return bool(self.password or self.passphrase)

    def arguments(self) -> list[str]:
        """Returns the command line up to the name of the server, without it."""
        settings = {
            "BatchMode": "no" if self._asks else "yes",
            "NumberOfPasswordPrompts": "1",
            "StrictHostKeyChecking": "accept-new" if self.unknown_host == "accept-new" else "yes",
            "UpdateHostKeys": "no",
            "ConnectTimeout": str(_CONNECT),
            "ServerAliveInterval": str(max(0, self.keep_alive)),
            "ServerAliveCountMax": "3",
            "Compression": "yes" if self.compression else "no",
            "Ciphers": _CIPHERS,
            "LogLevel": "ERROR",
            "RequestTTY": "no",
            "RemoteCommand": "none",
            "ForwardAgent": "no",
            "ForwardX11": "no",
            "ClearAllForwardings": "yes",
            "PermitLocalCommand": "no",
            "EscapeChar": "none",
        }
        if self.known_hosts:
            settings["UserKnownHostsFile"] = f'"{_file(self.known_hosts)}"'
            settings["GlobalKnownHostsFile"] = "none"
        if self.private_key:
            settings["IdentityFile"] = f'"{_file(self.private_key)}"'
            settings["IdentitiesOnly"] = "yes"
        elif self.password:
            settings["PreferredAuthentications"] = "password,keyboard-interactive"
        if self.jump_host:
            settings["ProxyJump"] = self.jump_host
        command = ["ssh", *(("-F", _file(self.ssh_config)) if self.ssh_config else ())]
        for name, value in settings.items():
            command += ("-o", f"{name}={value}")
        command += ("-p", str(self.port)) if self.port else ()
        command += ("-l", self.username) if self.username else ()
        return command


class Desk:
    """What one login needs on this host: the command line, and a private directory for what `ssh` asks for.

    Args:
        login: Whose.
        sharing: Arguments that let others pass through the connection.

    Raises:
        Unavailable: There is no `ssh` here.
    """

    def __init__(self, login: Login, sharing: Sequence[str] = ()) -> None:
        if shutil.which("ssh") is None:
            raise Unavailable("there is no program ssh on this host: install OpenSSH's client")
        self._login = login
        self._sharing = sharing or ("-o", "ControlPath=none")
        self._place: PrivateDirectory | None = None
        self._pipes: list[int] = []

    def command(self, *what: str) -> list[str]:
        """Returns a command line.

        Args:
            what: Arguments before the name of the server, `--` among them, and after it what is to be run there.
        """
        cut = what.index("--")
        return [*self._login.arguments(), *self._sharing, *what[:cut], "--", self._login.hostname, *what[cut + 1 :]]

    def environment(self) -> dict[str, str]:
        """Returns the environment of `ssh`. Puts the secrets where its questions are answered."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ONITU_")}
        environment["LC_ALL"] = "C"
        if not (self._login.password or self._login.passphrase):
            return environment
        self._place = PrivateDirectory()
        place = self._place.path
        asked = place / "asked"
        asked.write_text(_ASKED)
        asked.chmod(0o700)
        for name in ("password", "passphrase"):
            if secret := getattr(self._login, name):
                self._offer(place / name, secret)
        return {
            **environment,
            "SSH_ASKPASS": str(asked),
            "SSH_ASKPASS_REQUIRE": "force",
            "DISPLAY": environment.get("DISPLAY") or "none",  # What is older than 8.4 asks only where there is one.
            "ONITU_SSH_PLACE": str(place),
            "ONITU_SSH_KEY": _file(self._login.private_key) if self._login.private_key else "",
            "ONITU_SSH_WHO": self._who(environment),
        }

    def _offer(self, path: Path, secret: str) -> None:
        """Makes a pipe with a secret in it, which is gone once it was read."""
        os.mkfifo(path, 0o600)
        pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._pipes.append(pipe)
        os.write(pipe, secret.encode() + b"\n")

    def _who(self, environment: dict[str, str]) -> str:
        """Returns who logs in where, as `ssh` spells it when it asks: nobody else on the way gets the password."""
        told = subprocess.run(  # noqa: S603  No shell, and the options were looked at.
            self.command("-G", "--"), env=environment, capture_output=True, check=False, text=True, timeout=_CONNECT
        )
        if told.returncode != 0:
            raise Unauthenticated(f"ssh does not take the options: {told.stderr.strip()}")
        said = dict(line.split(" ", 1) for line in told.stdout.splitlines() if " " in line)
        return f"{said['user'][:_SHOWN_USER]}@{said['hostname'][:_SHOWN_HOST]}"

    def close(self) -> None:
        """Takes back what was not asked for, and removes everything."""
        for pipe in self._pipes:
            os.close(pipe)
        self._pipes.clear()
        if self._place is not None:
            self._place.remove()
            self._place = None


def _file(path: str) -> str:
    return path if path == "none" else str(Path(path).expanduser())
