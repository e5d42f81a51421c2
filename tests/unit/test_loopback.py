"""Which addresses only this machine reaches."""

from __future__ import annotations

import pytest

from onitu.loopback import is_at_loopback, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1", "[::1]", "localhost"])
def test_addresses_that_only_this_machine_reaches(host: str) -> None:
    """E16: an address of 127.0.0.0/8, ::1, or `localhost`."""
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["::", "192.0.2.7", "example.org", "localhost.example.org", ""])
def test_addresses_that_others_reach(host: str) -> None:
    """E16: any other address, and a name, which may be anything."""
    assert not is_loopback(host)


@pytest.mark.parametrize("address", ["127.0.0.1:4000", "127.3.2.1:0", "[::1]:4000", "localhost:4000"])
def test_places_that_only_this_machine_reaches(address: str) -> None:
    """W2: what is at such an address needs no certificate."""
    assert is_at_loopback(address)


@pytest.mark.parametrize("address", ["0.0.0.0:1", "[::]:1", "::1:4000", "nas:1", "127.0.0.1", "[::1]", "localhost", ""])
def test_places_that_others_reach(address: str) -> None:
    """W2: any other, and what is no `HOST:PORT`: `::1:4000` is an address of a network."""
    assert not is_at_loopback(address)
