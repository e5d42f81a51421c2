"""WebDAV servers: wsgidav, which Python packages bring, and Apache, where it is installed."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from pathlib import Path

import attrs

from tests.functional.servers.program import HOST, Server, free_port
from tests.functional.servers.proxy import Proxy

SYSTEM = "/usr/sbin:/sbin:/usr/bin:/bin"
MODULES = Path("/usr/lib/apache2/modules")
USER, PASSWORD = "ada", "not-a-secret"

_WSGIDAV = """
import sys
from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

host, port, place, user, password = sys.argv[1:]
app = WsgiDAVApp({
    "host": host,
    "port": int(port),
    "provider_mapping": {"/dav": place},
    "simple_dc": {"user_mapping": {"*": {user: {"password": password}}}},
    "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
    "logging": {"enable": False},
    "verbose": 0,
})
server = wsgi.Server((host, int(port)), app, numthreads=16)
server.start()
"""


@attrs.frozen
class Served:
    """A server whose files lie in a directory of this host, and the way to it.

    Attributes:
        server: The server.
        proxy: The way to it.
        files: Where its files lie.
        url: Where it serves them, by that way.
    """

    server: Server
    proxy: Proxy
    files: Path
    url: str

    def options(self) -> dict[str, str]:
        """Returns the options of a service there."""
        return {"url": self.url, "username": USER, "password": PASSWORD}


@functools.cache
def wsgidav() -> Served:
    """Starts wsgidav, once for all tests of this process."""
    port = free_port()

    def command(directory: Path) -> list[str]:
        (directory / "data").mkdir(exist_ok=True)
        return [sys.executable, "-c", _WSGIDAV, HOST, str(port), str(directory / "data"), USER, PASSWORD]

    return served(Server(command, port), "dav")


def served(server: Server, path: str) -> Served:
    """Returns a server with a way to it."""
    proxy = Proxy(server.port)
    return Served(server, proxy, server.directory / "data", f"http://{HOST}:{proxy.port}/{path}".rstrip("/"))


_APACHE = """
ServerRoot {place}
ServerName {host}
Listen {host}:{port}
PidFile {place}/pid
ErrorLog {place}/log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule dav_module {modules}/mod_dav.so
LoadModule dav_fs_module {modules}/mod_dav_fs.so
DavLockDB {place}/locks
DocumentRoot {place}/data
User www-data
Group www-data
LimitXMLRequestBody 0
<Directory {place}/data>
    Dav On
    AllowOverride None
    Require all granted
</Directory>
"""


@functools.cache
def apache() -> Served:
    """Starts Apache, once for all tests of this process: its ETags are weak for a moment after each write."""
    port = free_port()

    def command(directory: Path) -> list[str]:
        files = directory / "data"
        if not files.exists():
            files.mkdir()
            for path in (directory, files):
                shutil.chown(path, "www-data")
        settings = directory / "apache.conf"
        settings.write_text(_APACHE.format(place=directory, host=HOST, port=port, modules=MODULES))
        return [str(shutil.which("apache2", path=SYSTEM)), "-f", str(settings), "-DFOREGROUND"]

    return served(Server(command, port), "")


def apache_is_missing() -> str:
    """Says why Apache cannot be started; "" where it can."""
    if shutil.which("apache2", path=SYSTEM) is None or not (MODULES / "mod_dav_fs.so").exists():
        return "apache2 is not installed"
    return "" if os.geteuid() == 0 else "apache2 wants to be started by root"
