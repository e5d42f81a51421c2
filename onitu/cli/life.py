"""The arguments of the commands by which a setup lives."""

from __future__ import annotations

import argparse
from pathlib import Path

from onitu.cli.pages import add_command, add_config, add_data_dir, add_debug


def add_init(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu init`."""
    init = add_command(
        commands,
        "init",
        "Writes a commented setup to start from.",
        "A file that is there already is left alone.",
        ("onitu init", "writes ./onitu.yaml"),
        ("onitu init ~/.config/onitu/onitu.yaml", "writes the one that is found everywhere"),
    )
    init.add_argument(
        "file", nargs="?", type=Path, default=Path("onitu.yaml"), metavar="FILE", help="where to (default: %(default)s)"
    )


def add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu check`."""
    check = add_command(
        commands,
        "check",
        "Says everything that is wrong with a setup.",
        "Each fault comes with file, line and column; with one the exit code is 1. A good setup is summed up: who "
        "takes part in which folder, how, and where.",
        ("onitu check", "checks the setup that `onitu serve` would take"),
        ("onitu check -c new.yaml", "checks another one"),
    )
    add_config(check)


def add_plan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu plan`."""
    plan = add_command(
        commands,
        "plan",
        "Says what would be done, and changes nothing.",
        "Looks at all services as they are now. It may run beside a running onitu, whose records it reads. The same as "
        "`onitu serve --once --dry-run`, but for the log.",
        ("onitu plan", "before the first `onitu serve`"),
        ("onitu plan -c new.yaml", "what another setup would do"),
    )
    add_config(plan)
    add_data_dir(plan)
    add_debug(plan)


def add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu serve`."""
    serve = add_command(
        commands,
        "serve",
        "Keeps the folders of a setup in sync until it is stopped.",
        "SIGTERM, SIGINT (Ctrl-C) and SIGQUIT end it in order, a second one at once. SIGHUP has the setup read again: "
        "what has changed is put in force, what has not goes on undisturbed. With --once it ends with 0 if everything "
        "is in sync, else with 1.",
        ("onitu serve", "until Ctrl-C"),
        ("onitu serve --once", "from a timer, or to see what happens"),
        ("onitu serve --log-format json 2>> onitu.log", "for other programs to read"),
    )
    add_config(serve)
    add_data_dir(serve)
    serve.add_argument("--once", action="store_true", help="sync until nothing is left to do, then say so and end")
    serve.add_argument(
        "--dry-run", action="store_true", help="say what would be done and change nothing (implies --once)"
    )
    add_debug(serve)
    serve.add_argument(
        "--log-format",
        choices=("json", "console"),
        metavar="FORMAT",
        help="how log lines look: json or console (default: console on a terminal, else json)",
    )
    serve.add_argument("--host", help="address of the REST API (default: the setup's api.host, else 127.0.0.1)")
    serve.add_argument("--port", type=_port, help="port of the REST API, 0 for any (default: api.port, else 3862)")


def add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu verify`."""
    verify = add_command(
        commands,
        "verify",
        "Reads all files on all services again, and says what differs.",
        "What was edited shows itself, and is synced; this finds what a disk or a service has changed without a trace. "
        "Nothing is changed unless asked for. It may run beside a running onitu. It ends with 1 if something differs.",
        ("onitu verify", "as long as reading everything takes"),
        ("onitu verify --repair", "and replace what differs"),
    )
    verify.add_argument("--repair", action="store_true", help="write what differs again, from another service")
    add_config(verify)
    add_data_dir(verify)
    add_debug(verify)


def add_install_service(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu install-service`."""
    install = add_command(
        commands,
        "install-service",
        "Writes a systemd user unit that runs a setup.",
        "It runs from login to logout, or always (`loginctl enable-linger`). Nothing is started: what to do next is "
        "printed. The unit is ready when Onitu is, is watched over, and `systemctl --user reload` has the setup read "
        "again.",
        ("onitu install-service", "for the setup that `onitu serve` would take"),
        ("onitu install-service --print", "only look at the unit"),
    )
    add_config(install)
    add_data_dir(install)
    install.add_argument("--print", action="store_true", help="print the unit and write nothing")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise ValueError(text)
    return port
