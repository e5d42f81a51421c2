"""FTP servers: pyftpdlib, which Python packages bring, with and without encryption; vsftpd, where it is installed."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import attrs

from tests.functional.servers.program import HOST, Server, free_port
from tests.functional.servers.proxy import Proxy

SYSTEM = "/usr/sbin:/sbin:/usr/bin:/bin"
USER, PASSWORD = "ada", "not-a-secret"

_PYFTPDLIB = """
import subprocess
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import ThreadedFTPServer

host, port, place, user, password, certificate = sys.argv[1:]
handler = TLS_FTPHandler if certificate else FTPHandler
if certificate:
    handler.certfile = certificate
    handler.tls_control_required = handler.tls_data_required = True
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user(user, password, place, perm="elradfmwMT")
handler.use_sendfile = False
server = ThreadedFTPServer((host, int(port)), handler)
server.max_cons_per_ip = 64
server.serve_forever()
"""


@attrs.frozen
class FtpServed:
    """A server whose files lie in a directory of this host, and the way to it.

    Attributes:
        server: The server.
        proxy: The way to its control connections.
        files: Where its files lie.
        extra: Further options of a service there.
    """

    server: Server
    proxy: Proxy
    files: Path
    extra: dict[str, str | int]

    def options(self) -> dict[str, str | int]:
        """Returns the options of a service there."""
        login = {"username": USER, "password": PASSWORD}
        return {"host": HOST, "port": self.proxy.port, **login, **self.extra}


@functools.cache
def pyftpdlib() -> FtpServed:
    """Starts pyftpdlib without encryption, once for all tests of this process."""
    return _started(None)


@functools.cache
def encrypted() -> FtpServed:
    """Starts pyftpdlib with encryption, once for all tests of this process."""
    return _started("server.pem")


_VSFTPD = """
listen=YES
listen_address={host}
listen_port={port}
background=NO
seccomp_sandbox=NO
anonymous_enable=YES
no_anon_password=YES
local_enable=NO
write_enable=YES
anon_root={root}
anon_upload_enable=YES
anon_mkdir_write_enable=YES
anon_other_write_enable=YES
anon_world_readable_only=NO
anon_umask=022
connect_from_port_20=NO
secure_chroot_dir={root}
"""
_VSFTPD_TLS = """
ssl_enable=YES
allow_anon_ssl=YES
force_anon_logins_ssl=YES
force_anon_data_ssl=YES
require_ssl_reuse=YES
ssl_ciphers=HIGH
rsa_cert_file={certificate}
rsa_private_key_file={certificate}
"""


@functools.cache
def vsftpd() -> FtpServed:
    """Starts vsftpd, once for all tests of this process; it knows no MLSD, and lets nobody write into its root."""
    return _vsftpd(None)


@functools.cache
def encrypted_vsftpd() -> FtpServed:
    """Starts vsftpd with encryption, once for all tests of this process: it insists on TLS sessions taken up again."""
    return _vsftpd("server.pem")


def _vsftpd(certificate: str | None) -> FtpServed:
    port = free_port()

    def command(directory: Path) -> list[str]:
        files = directory / "root" / "files"
        if not files.exists():
            files.mkdir(parents=True)
            directory.chmod(0o755)
            shutil.chown(files, "ftp")
        settings = directory / "vsftpd.conf"
        text = _VSFTPD.format(host=HOST, port=port, root=directory / "root")
        if certificate is not None:
            text += _VSFTPD_TLS.format(certificate=_certificate(directory / certificate))
        settings.write_text(text)
        return [str(shutil.which("vsftpd", path=SYSTEM)), str(settings)]

    server = Server(command, port)
    extra: dict[str, str | int] = {**_encryption(server, certificate), "username": "anonymous"}
    return FtpServed(server, Proxy(port), server.directory / "root" / "files", extra)


def vsftpd_is_missing() -> str:
    """Says why vsftpd cannot be started; "" where it can."""
    if shutil.which("vsftpd", path=SYSTEM) is None:
        return "vsftpd is not installed"
    return "" if os.geteuid() == 0 else "vsftpd wants to be started by root"


def _started(certificate: str | None) -> FtpServed:
    port = free_port()

    def command(directory: Path) -> list[str]:
        (directory / "data").mkdir(exist_ok=True)
        place = "" if certificate is None else str(_certificate(directory / certificate))
        return [sys.executable, "-c", _PYFTPDLIB, HOST, str(port), str(directory / "data"), USER, PASSWORD, place]

    server = Server(command, port)
    return FtpServed(server, Proxy(port), server.directory / "data", _encryption(server, certificate))


def _encryption(server: Server, certificate: str | None) -> dict[str, str | int]:
    """Returns the options of a service at a server with a certificate, or with none."""
    return {"tls": False} if certificate is None else {"tls": True, "ca_file": str(server.directory / certificate)}


def _certificate(path: Path) -> Path:
    """Makes a certificate of a server that vouches for itself, with its key."""
    if path.exists():
        return path
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"),
            *("-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(path), "-out", f"{path}.crt"),
        ],
        check=True,
        capture_output=True,
    )
    with path.open("a") as both:
        both.write(Path(f"{path}.crt").read_text())
    return path
