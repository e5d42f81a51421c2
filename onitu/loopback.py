"""Which addresses only this machine reaches: whoever talks there needs no certificate.

Knows texts only; what a name stands for elsewhere is not asked.
"""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can connect to a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_at_loopback(address: str) -> bool:
    """Returns whether only this machine can connect to a `HOST:PORT`, where an IPv6 address stands in brackets."""
    host, _, _port = address.rpartition(":")
    return is_loopback(host) and (":" not in host or host.startswith("["))
