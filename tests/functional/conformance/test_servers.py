"""Drivers at other servers than the one that all checks run against: those that are careless, or know less."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from onitu import conformance
from onitu.conformance import CHECKS, Check, Kit
from tests.functional.processes import EVERYTHING
from tests.functional.servers.ftp import encrypted, vsftpd, vsftpd_is_missing
from tests.functional.servers.s3 import careless, versioned
from tests.functional.servers.webdav import apache, apache_is_missing
from tests.functional.targets import ftp, rclone, s3, webdav

#: What a server has a say in, most of all; in every run of the tests what can lose something.
GROUPS = ("preconditions", "write", "delete", "move") if EVERYTHING else ("preconditions",)

#: What they are put through instead where that alone is another matter there.
OTHERS = {"s3 with versions": ("trash",)}

SERVERS: dict[str, Callable[[], conformance.Target]] = {
    "s3 with versions": lambda: s3.target_at(versioned(), "seaweedfs"),
    "s3 at rclone": lambda: s3.target_at(careless(), "rclone"),
    "webdav at Apache": lambda: webdav.target_at(apache(), "apache"),
    "ftp with TLS": lambda: ftp.target_at(encrypted(), "pyftpdlib"),
    "ftp at vsftpd": lambda: ftp.target_at(vsftpd(), "vsftpd", "/files"),
    "rclone over a network": rclone.networked_target,
    "rclone with encryption": rclone.encrypted_target,
}

#: Those that no Python package brings; `.ci/run` installs them.
MISSING: dict[str, Callable[[], str]] = {"webdav at Apache": apache_is_missing, "ftp at vsftpd": vsftpd_is_missing}


#: What is checked at which.
ASKED = [
    pytest.param(server, check, id=f"{server}-{check}")
    for server in SERVERS
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
