"""CONTRACT E3, E4, B12: what is shown of a service of the setup."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.config.secret import Reference
from onitu.config.values import DriverAddress, DriverCommand, ServiceSetup, Tls
from onitu.rest.routes.services import service_of

TLS = Tls(ca=Path("/c/ca.pem"), certificate=Path("/c/me.pem"), key=Path("/c/me.key"))


@pytest.mark.parametrize(
    ("driver", "shown"),
    [
        ("local_storage", "local_storage"),
        (DriverCommand(argv=("/bin/weather", "--verbose")), {"command": ["/bin/weather", "--verbose"]}),
        (DriverAddress(address="127.0.0.1:4000"), {"address": "127.0.0.1:4000"}),
        (
            DriverAddress(address="nas:4000", tls=TLS),
            {"address": "nas:4000", "tls": {"ca": "/c/ca.pem", "certificate": "/c/me.pem", "key": "/c/me.key"}},
        ),
    ],
)
def test_a_driver_is_shown_as_it_is_written(driver: str | DriverCommand | DriverAddress, shown: object) -> None:
    """E3, W2: by its name, the command that starts it, or the address at which it is dialled."""
    assert service_of(ServiceSetup(name="x", driver=driver, options={}, folders={}), None).driver == shown


def test_what_may_be_secret_is_not_shown() -> None:
    """B12, E3: where nobody knows what is a secret nothing is shown, but where one is kept is."""
    reference = Reference(kind="env", name="TOKEN")
    setup = ServiceSetup(name="x", driver="far", options={"key": "hush", "token": reference, "none": None}, folders={})

    found = service_of(setup, None).options

    assert found == {"key": "***", "token": {"env": "TOKEN"}, "none": None}
