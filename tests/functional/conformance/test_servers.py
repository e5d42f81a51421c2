"""Drivers at other servers than the one that all checks run against: those that are careless, or know less."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from onitu import conformance
from onitu.conformance import CHECKS, Check, Kit
from tests.functional.processes import EVERYTHING
from tests.functional.servers.ftp import encrypted, encrypted_vsftpd, vsftpd, vsftpd_is_missing
from tests.functional.servers.s3 import careless, moto, versioned
from tests.functional.servers.webdav import (
    apache,
    apache_is_missing,
    nextcloud,
    nginx,
    nginx_is_missing,
    sabre,
    sabre_is_missing,
)
from tests.functional.targets import ftp, rclone, s3, webdav
from tests.functional.targets.served import UnhurriedVisitor, VisitorWithoutGiants

#: In every run of the tests what can lose something; in `just everything` all there is.
GROUPS = tuple(dict.fromkeys(check.group for check in CHECKS)) if EVERYTHING else ("preconditions",)

#: Servers whose kind another one stands for, but where everything is tested.
ONLY_THEN = () if EVERYTHING else ("s3 at moto", "webdav at nginx", "webdav at SabreDAV", "ftp at vsftpd with TLS")

#: What they are put through instead where that alone is another matter there.
OTHERS = {} if EVERYTHING else {"s3 with versions": ("trash",)}

SERVERS: dict[str, Callable[[], conformance.Target]] = {
    "s3 with versions": lambda: s3.target_at(versioned(), "seaweedfs-versions"),
    "s3 at moto": lambda: s3.target_at(moto(), "moto"),
    "s3 at rclone": lambda: s3.target_at(careless(), "rclone", visitor=s3.UnmarkedVisitor),
    "webdav at Apache": lambda: webdav.target_at(apache(), "apache"),
    "webdav at nginx": lambda: webdav.target_at(nginx(), "nginx", visitor=UnhurriedVisitor),
    "webdav at SabreDAV": lambda: webdav.target_at(sabre(), "sabredav", visitor=VisitorWithoutGiants),
    "webdav with chunks": lambda: webdav.target_at(nextcloud(), "nextcloud"),
    "ftp with TLS": lambda: ftp.target_at(encrypted(), "pyftpdlib"),
    "ftp at vsftpd": lambda: ftp.target_at(vsftpd(), "vsftpd", "/files", visitor=UnhurriedVisitor),
    "ftp at vsftpd with TLS": lambda: ftp.target_at(encrypted_vsftpd(), "vsftpd", "/files", visitor=UnhurriedVisitor),
    "rclone over a network": rclone.networked_target,
    "rclone with encryption": rclone.encrypted_target,
}

#: Those that no Python package brings; `.ci/run` installs what it needs of them.
MISSING: dict[str, Callable[[], str]] = {
    "webdav at Apache": apache_is_missing,
    "webdav at nginx": nginx_is_missing,
    "webdav at SabreDAV": sabre_is_missing,
    "ftp at vsftpd": vsftpd_is_missing,
    "ftp at vsftpd with TLS": vsftpd_is_missing,
}


#: What is checked at which.
ASKED = [
    pytest.param(server, check, id=f"{server}-{check}")
    for server in SERVERS
    if server not in ONLY_THEN
    for check in CHECKS
    if check.group in OTHERS.get(server, GROUPS)
]


@pytest.fixture(scope="module")
def kit(request: pytest.FixtureRequest) -> Iterator[Kit]:
    """The kit for a driver at one server."""
    if reason := MISSING.get(request.param, str)():
        pytest.skip(reason)
    with Kit(SERVERS[request.param]()) as made:
        yield made


@pytest.mark.parametrize(("kit", "check"), ASKED, indirect=["kit"])
def test_driver_keeps_the_contract_there(kit: Kit, check: Check) -> None:
    """F5, F8: one promise of the contract, where the driver declares it of this server."""
    kit.run(check)
