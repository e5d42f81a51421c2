"""One connection to an FTP server, logged in, with what the server says that it can do."""

from __future__ import annotations

import ftplib
import socket
import ssl
from typing import TYPE_CHECKING, Final

import msgspec

from onitu.plug import DriverError, ServiceError, Unauthenticated, Unavailable

from .listing import Found, of_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT: Final = 60.0
"""Seconds without an answer after which a connection is given up."""

_BYTES: Final = "latin-1"
"""ftplib decodes what comes and gives up at a name that is no UTF-8: so it gets letters that stand for bytes."""

_REFUSED_LOGIN: Final = ("430", "530", "331", "332", "532")


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is and who logs in.

    Attributes:
        host: Name or address.
        port: Where it lets clients in.
        username: Who.
        password: The user's.
        tls: What encrypts the connection, or None.
    """

    host: str
    port: int
    username: str
    password: str
    tls: ssl.SSLContext | None


class _Encrypted(ftplib.FTP_TLS):
    """Takes the data connection for a part of the same TLS session, which many servers insist on."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        connection, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321  It is encrypted below.
        if self._prot_p:  # type: ignore[attr-defined]  # ftplib keeps it there.
            control = self.sock
            session = control.session if isinstance(control, ssl.SSLSocket) else None
            connection = self.context.wrap_socket(connection, server_hostname=self.host, session=session)
        return connection, size


class Session:
    """A connection. Used by one thread at a time.

    Args:
        access: Where to, and who.

    Attributes:
        ftp: It, as ftplib knows it.
        features: What the server can do: name to what it adds, in capitals.

    Raises:
        Unauthenticated: The server does not let this user in.
        ServiceError: It answers what nobody knows the meaning of.
        Unavailable: It cannot be reached.
    """

    def __init__(self, access: Access) -> None:
        if access.tls is None:
            self.ftp = ftplib.FTP(timeout=TIMEOUT, encoding=_BYTES)  # noqa: S321  The user has asked for it.
        else:
            self.ftp = _Encrypted(timeout=TIMEOUT, encoding=_BYTES, context=access.tls)
        self._takes_bytes = False
        where = f"{access.host}:{access.port}"
        try:
            self.ftp.connect(access.host, access.port)
            self.ftp.login(access.username, access.password)
            if isinstance(self.ftp, ftplib.FTP_TLS):
                self.ftp.prot_p()
            self.features = self._features()
            if "UTF8" in self.features:
                self._try("OPTS UTF8 ON")
            self.take_bytes()
            self._home = self.ftp.pwd()
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise DriverError(f"{where}: the server's certificate is not to be trusted: {error}") from error
        except ftplib.error_perm as error:
            self.close()
            if str(error)[:3] in _REFUSED_LOGIN:
                raise Unauthenticated(f"{where}: the server does not let {access.username!r} in: {error}") from error
            raise ServiceError(f"{where}: {error}") from error
        except (OSError, EOFError, ftplib.Error) as error:
            self.close()
            raise Unavailable(f"{where} cannot be reached: {error}") from error

    def close(self) -> None:
        """Ends it without a word: a server that hangs answers none."""
        self.ftp.close()

    def is_alive(self) -> bool:
        """Whether the server still answers."""
        try:
            self.ftp.voidcmd("NOOP")
        except (OSError, EOFError, ftplib.Error):
            return False
        return True

    def fact(self, place: str) -> Found:
        """Returns what the server says of one entry (MLST).

        Raises:
            ftplib.error_proto: It says nothing.
        """
        answer = self.ftp.sendcmd(f"MLST {place}" if place else "MLST")
        line = answer.partition("\n")[2].partition("\n")[0]
        facts = line.strip("\r").removeprefix(" ").partition(" ")[0]
        if "=" not in facts:
            raise ftplib.error_proto(answer)  # noqa: S321  It is an error, and asks nobody.
        pairs = (fact.partition("=") for fact in facts.rstrip(";").split(";"))
        found = of_facts({name.lower(): value for name, _, value in pairs})
        return Found(kind="dir") if found.kind in {"cdir", "pdir"} else found

    def facts(self, place: str) -> Iterator[tuple[str, Found]]:
        """Yields what the server says of the entries of a directory (MLSD)."""
        self._takes_bytes = False
        for name, facts in list(self.ftp.mlsd(place)):
            yield from_wire(name), of_facts(facts)

    def lines(self, place: str) -> list[str]:
        """Returns the lines of a listing (LIST). A place with spaces or dashes is no argument for every server."""
        if place:
            self.ftp.cwd(place)
        try:
            lines = self._listing("LIST -a")
            if not any(line.endswith(" .") for line in lines):
                # It does not know `-a`, and may have taken it for a name.
                lines = self._listing("LIST") or lines
        finally:
            if place:
                self.ftp.cwd(self._home)
        return [from_wire(line) for line in lines]

    def _listing(self, command: str) -> list[str]:
        lines: list[str] = []
        self._takes_bytes = False
        try:
            self.ftp.retrlines(command, lines.append)
        except ftplib.error_perm:
            if command == "LIST":
                raise
        return lines

    def modified(self, place: str) -> str:
        """Returns when a file was changed (MDTM)."""
        return self.ftp.sendcmd(f"MDTM {place}")[4:].strip()

    def is_directory(self, place: str) -> bool:
        """Whether a directory is there that may be entered."""
        try:
            self.ftp.cwd(place or ".")
        except ftplib.error_perm:
            return False
        self.ftp.cwd(self._home)
        return True

    def size(self, place: str) -> int | None:
        """Returns how long a file is (SIZE). In text many servers say nothing of it, as if it were not there."""
        self.take_bytes()
        return self.ftp.size(place)

    def take_bytes(self) -> None:
        """Lets files come as they are, and sizes be asked for: a listing is text, also one that was refused."""
        if not self._takes_bytes:
            self.ftp.voidcmd("TYPE I")
            self._takes_bytes = True

    def _features(self) -> dict[str, str]:
        try:
            answer = self.ftp.sendcmd("FEAT")
        except ftplib.error_perm:
            return {}
        found = (line.strip().upper().partition(" ") for line in answer.split("\n")[1:-1])
        return {name: rest for name, _, rest in found}

    def _try(self, command: str) -> None:
        try:
            self.ftp.sendcmd(command)
        except ftplib.error_perm:
            pass  # It speaks UTF-8 anyway, or never does.


def to_wire(text: str) -> str:
    """Returns a name as ftplib is to be given it."""
    return text.encode("utf-8", "surrogateescape").decode(_BYTES)


def from_wire(text: str) -> str:
    """Returns a name that ftplib gave; one that is no UTF-8 has surrogates, and is reported as such."""
    return text.encode(_BYTES).decode("utf-8", "surrogateescape")
