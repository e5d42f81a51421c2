"""`onitu certs`: an authority of one's own, and certificates for the two ends of a connection to a driver."""

from __future__ import annotations

import argparse
import datetime

from onitu.certificates import CA, Issued, found, issue, issued


def run(arguments: argparse.Namespace) -> int:
    """Does one of init, issue and list.

    Raises:
        ConfigError: Something is there already, is missing, or cannot be written.
    """
    return {"init": _init, "issue": _issue, "list": _list}[arguments.action](arguments)


def _init(arguments: argparse.Namespace) -> int:
    made = found(arguments.directory, days=arguments.days)
    print(f"authority: {made.certificate}, good until {made.expires:%Y-%m-%d}")
    print(f"{made.key} signs certificates: keep it here, and to yourself")
    return 0


def _issue(arguments: argparse.Namespace) -> int:
    made = issue(
        arguments.directory, arguments.name, hosts=arguments.host, days=arguments.days, replace=arguments.replace
    )
    ca = arguments.directory / f"{CA}.pem"
    print(f"{_whom(made)}: {made.certificate}, good until {made.expires:%Y-%m-%d}")
    if made.hosts:
        print(f"to the machine of the driver go {ca}, {made.certificate} and, as a secret, {made.key}")
    else:
        print(f"in the setup: tls: {{ca: {ca}, certificate: {made.certificate}, key: {made.key}}}")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    now = datetime.datetime.now(datetime.UTC)
    for one in issued(arguments.directory):
        days = (one.expires - now).days
        left = f"good for {days} days" if days >= 0 else "EXPIRED"
        print(f"{one.certificate}: {_whom(one)}, until {one.expires:%Y-%m-%d} ({left})")
    return 0


def _whom(one: Issued) -> str:
    if one.certificate.stem == CA:
        return "the authority"
    return f"for a driver at {', '.join(one.hosts)}" if one.hosts else "for an onitu that dials"
