"""The arguments of the commands for who writes a driver, or runs one elsewhere: driver and certs."""

from __future__ import annotations

import argparse
from pathlib import Path

from onitu.cli.pages import add_command

#: Languages in which `onitu driver new` writes.
LANGUAGES = ("python", "go", "node", "rust")


def add_driver(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu driver`."""
    driver = add_command(
        commands,
        "driver",
        "Helps to write a driver, and runs one for an onitu elsewhere.",
        "Drivers are programs of their own, in any language: docs/drivers.md says how they are written.",
        ("onitu driver new weather --language go", "write one to start from"),
        ("onitu driver test weather", "whether an installed driver keeps the contract"),
    )
    actions = driver.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    _add_test(actions)
    _add_new(actions)
    _add_serve(actions)


def _add_test(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    test = add_command(
        actions,
        "test",
        "Says whether a driver keeps the contract.",
        "TARGET is an installed driver, a command line, or the address of one that runs. The conformance kit starts it "
        "as Onitu does, speaks gRPC to it and nothing else, and holds it to everything that it declares. What it "
        "writes lies in a directory of its own below the service's root; use a service that may be written to. The "
        "kit needs pytest: pip install 'onitu[conformance]'.",
        ("onitu driver test weather", "an installed driver"),
        ("onitu driver test ./weather --options weather.yaml", "any executable"),
        ("onitu driver test 127.0.0.1:5000 --only read", "one that runs, and only reading"),
        ("onitu driver test weather --report md > weather.md", "a page with a badge for each capability"),
    )
    test.add_argument("target", metavar="TARGET", help="driver, command line or address")
    test.add_argument(
        "--options",
        type=Path,
        metavar="FILE",
        help="YAML file with the options of the service; {tmp} in one is a directory made for the run",
    )
    test.add_argument(
        "--quirks", type=Path, metavar="FILE", help="TOML file with what the driver is known not to keep, and why"
    )
    test.add_argument(
        "--only", action="append", default=[], metavar="GROUP", help="only this group of checks, or this check"
    )
    test.add_argument(
        "--report",
        choices=("text", "json", "junit", "md"),
        default="text",
        metavar="FORM",
        help="form of the report: text, json, junit or md (default: text)",
    )


def _add_new(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    new = add_command(
        actions,
        "new",
        "Writes a driver to start from.",
        "It keeps a directory of this machine in sync, watches it, and passes `onitu driver test` as it is: put your "
        "service in the place of the directory. With it come its tests and a file for CI.",
        ("onitu driver new weather --language go", "into the new directory `weather`"),
    )
    new.add_argument("name", metavar="NAME", help="name of the driver: small letters, digits and _")
    new.add_argument(
        "--language",
        choices=LANGUAGES,
        required=True,
        metavar="LANGUAGE",
        help="what it is written in: python, go, node or rust",
    )
    new.add_argument("--directory", type=Path, metavar="DIR", help="where to write it (default: the working directory)")


def _add_serve(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = add_command(
        actions,
        "serve",
        "Runs an installed driver for an onitu elsewhere.",
        "It listens until it is stopped, and serves one onitu at a time, whose setup says `driver: {address: "
        "HOST:PORT, tls: ...}`. Both ends need certificates of one authority (`onitu certs`). What the driver logs "
        "goes to standard error.",
        ("onitu driver serve local_storage --listen 127.0.0.1:4000 --insecure", "for an onitu on the same machine"),
    )
    serve.add_argument("driver", metavar="DRIVER", help="an installed driver")
    serve.add_argument("--listen", required=True, metavar="HOST:PORT", help="where it listens")
    serve.add_argument("--ca", type=Path, metavar="FILE", help="certificate of the authority")
    serve.add_argument("--certificate", type=Path, metavar="FILE", help="certificate of this driver")
    serve.add_argument("--key", type=Path, metavar="FILE", help="its key")
    serve.add_argument(
        "--insecure",
        action="store_true",
        help="do without certificates, on this machine alone: whoever may log in here may then use the driver",
    )


def add_certs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu certs`."""
    certs = add_command(
        commands,
        "certs",
        "Makes certificates for drivers on other machines.",
        "An authority of your own signs one certificate for this onitu, and one for each driver that it dials. Nobody "
        "else has to know of it.",
        ("onitu certs init", "makes the authority, in ./certs"),
        ("onitu certs issue onitu", "a certificate for the onitu that dials"),
        ("onitu certs issue nas --host nas.local", "one for a driver that listens there"),
        ("onitu certs list", "how long they are good"),
    )
    actions = certs.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    init = add_command(
        actions,
        "init",
        "Makes the authority.",
        "Its key, ca.key, signs all certificates and stays where it is; its certificate, ca.pem, goes to every end.",
        ("onitu certs init", "in ./certs"),
    )
    issue = add_command(
        actions,
        "issue",
        "Makes a key, and a certificate for it.",
        "With --host it is for a driver, which is dialled there; without, for an onitu, which dials. Neither passes "
        "for the other.",
        ("onitu certs issue onitu", "for the onitu that dials"),
        ("onitu certs issue nas --host nas.local --host 192.168.1.5", "for a driver with a name and an address"),
        ("onitu certs issue nas --host nas.local --replace", "another one before it expires"),
    )
    issue.add_argument("name", metavar="NAME", help="name of the files, NAME.pem and NAME.key")
    issue.add_argument(
        "--host", action="append", default=[], metavar="HOST", help="name or address that the driver is dialled at"
    )
    issue.add_argument("--replace", action="store_true", help="replace a certificate that is there")
    listing = add_command(
        actions,
        "list",
        "Lists the certificates, and how long they are good.",
        "",
        ("onitu certs list", "those in ./certs"),
    )
    for action in (init, issue, listing):
        action.add_argument(
            "--directory",
            type=Path,
            default=Path("certs"),
            metavar="DIRECTORY",
            help="where they are (default: ./certs)",
        )
    for action, days in ((init, 3650), (issue, 365)):
        action.add_argument(
            "--days", type=int, default=days, metavar="N", help=f"how long it is good (default: {days})"
        )
