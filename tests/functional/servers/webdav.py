"""WebDAV servers: wsgidav, which Python packages bring; Apache, nginx and SabreDAV, where they are installed."""

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
NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")
SABRE = Path("/usr/share/php/Sabre/autoload.php")
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


_NEXTCLOUD = Path(__file__).with_name("nextcloud.py")


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


@functools.cache
def nextcloud() -> Served:
    """Starts what takes large files as Nextcloud does, once for all tests of this process."""
    port = free_port()

    def command(directory: Path) -> list[str]:
        (directory / "data").mkdir(exist_ok=True)
        return [sys.executable, "-P", str(_NEXTCLOUD), HOST, str(port), str(directory), USER, PASSWORD]

    return served(Server(command, port), f"remote.php/dav/files/{USER}")


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


_NGINX = """
daemon off;
master_process off;
worker_processes 1;
error_log {place}/log;
pid {place}/pid;
load_module {module};
events {{}}
http {{
    access_log off;
    client_body_temp_path {place}/bodies;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    client_max_body_size 0;
    dav_ext_lock_zone zone=locks:1m;
    server {{
        listen {host}:{port};
        root {place}/data;
        dav_methods PUT DELETE MKCOL COPY MOVE;
        dav_ext_methods PROPFIND OPTIONS LOCK UNLOCK;
        dav_ext_lock zone=locks;
    }}
}}
"""


@functools.cache
def nginx() -> Served:
    """Starts nginx, once for all tests of this process: it knows no conditions, and no ETags in listings."""
    port = free_port()

    def command(directory: Path) -> list[str]:
        (directory / "data").mkdir(exist_ok=True)
        settings = directory / "nginx.conf"
        settings.write_text(_NGINX.format(place=directory, host=HOST, port=port, module=NGINX_MODULE))
        return [str(shutil.which("nginx", path=SYSTEM)), "-p", str(directory), "-c", str(settings)]

    return served(Server(command, port), "")


def nginx_is_missing() -> str:
    """Says why nginx cannot be started; "" where it can."""
    installed = shutil.which("nginx", path=SYSTEM) is not None and NGINX_MODULE.exists()
    return "" if installed else "nginx-light with libnginx-mod-http-dav-ext is not installed"


_SABRE_DAV = """<?php
// It is older than its PHP, which has much to say about that.
error_reporting(0);
set_time_limit(0);
require '{sabre}';
$server = new Sabre\\DAV\\Server(new Sabre\\DAV\\FSExt\\Directory('{place}/data'));
$server->setBaseUri('/');
$server->addPlugin(new Sabre\\DAV\\Locks\\Plugin(new Sabre\\DAV\\Locks\\Backend\\File('{place}/locks')));
$server->exec();
"""


@functools.cache
def sabre() -> Served:
    """Starts SabreDAV, which Nextcloud and ownCloud are made of, once for all tests of this process."""
    port = free_port()

    def command(directory: Path) -> list[str]:
        (directory / "data").mkdir(exist_ok=True)
        program = directory / "server.php"
        program.write_text(_SABRE_DAV.format(sabre=SABRE, place=directory))
        return [str(shutil.which("php", path=SYSTEM)), "-S", f"{HOST}:{port}", str(program)]

    # As many requests at once as the driver makes.
    return served(Server(command, port, environment={"PHP_CLI_SERVER_WORKERS": "8"}), "")


def sabre_is_missing() -> str:
    """Says why SabreDAV cannot be started; "" where it can."""
    installed = shutil.which("php", path=SYSTEM) is not None and SABRE.exists()
    return "" if installed else "php-cli with php-xml and php-sabre-dav is not installed"
