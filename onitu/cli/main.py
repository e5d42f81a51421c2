"""Reads the arguments and calls the command they name.

argparse, because it is the only one of its kind that imports in a few milliseconds, and `onitu serve --once` on a quiet
setup takes little more than its imports.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from onitu import __version__
from onitu.cli import asking
from onitu.cli.pages import Help, add_command, add_config, add_data_dir, add_debug
from onitu.errors import OnituError

if TYPE_CHECKING:

    class _Command(Protocol):
        """A module of this package that is a command."""

        def run(self, arguments: argparse.Namespace) -> int: ...


#: What shells report for a program that SIGINT ended.
INTERRUPTED = 130

#: Shells that `onitu completion` knows.
SHELLS = ("bash", "zsh", "fish")

_LIFE = """\
the life of a setup:
  onitu init                       write a setup to start from, and edit it
  onitu check                      say what is wrong with it
  onitu plan                       say what would be done; change nothing
  onitu serve --once               do it once, and say what was done
  onitu serve                      do it, and go on doing it
  onitu status --watch             see how it goes
  onitu log PATH                   say what became of a file
  onitu why PATH                   say why a file is where it is, or is not
  onitu install-service            have that done whenever you are logged in
  onitu holds                      see what waits for your decision
  onitu state check                look whether all records fit together

`onitu COMMAND --help` explains a command, with examples.
"""


def run(argv: Sequence[str]) -> int:
    """Runs one command.

    Args:
        argv: The arguments, without the program's name.

    Returns:
        The exit code: 0 done, 1 something is wrong and was said on stderr, 2 wrong arguments.
    """
    arguments = parser().parse_args(argv)
    try:
        module = arguments.command.replace("-", "_")
        command = cast("_Command", importlib.import_module(f"onitu.cli.{module}"))
        code = command.run(arguments)
        sys.stdout.flush()
    except OnituError as error:
        print(f"onitu: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`onitu drivers | head`). Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="onitu",
        description="Keeps folders the same on any number of services.",
        epilog=_LIFE,
        formatter_class=Help,
    )
    top.add_argument("--version", action="version", version=f"onitu {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    _add_init(commands)
    _add_check(commands)
    _add_plan(commands)
    _add_serve(commands)
    asking.add_status(commands)
    asking.add_ls(commands)
    asking.add_transfers(commands)
    asking.add_events(commands)
    _add_why(commands)
    _add_drivers(commands)
    _add_conflicts(commands)
    _add_verify(commands)
    _add_log(commands)
    _add_restore(commands)
    _add_trash(commands)
    _add_holds(commands)
    asking.add_service(commands)
    asking.add_rules(commands)
    asking.add_config_command(commands)
    _add_driver(commands)
    _add_certs(commands)
    _add_state(commands)
    _add_install_service(commands)
    _add_completion(commands)
    return top


def _add_init(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    init = add_command(
        commands,
        "init",
        "Writes a commented setup to start from.",
        "A file that is there already is left alone.",
        ("onitu init", "writes ./onitu.yaml"),
        ("onitu init ~/.config/onitu/onitu.yaml", "writes the one that is found everywhere"),
    )
    init.add_argument("file", nargs="?", type=Path, default=Path("onitu.yaml"), metavar="FILE", help="%(default)s")


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def _add_plan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
        help="how log lines look (default: console on a terminal, else json)",
    )
    serve.add_argument("--host", help="address of the REST API (default: the setup's api.host, else 127.0.0.1)")
    serve.add_argument("--port", type=_port, help="port of the REST API, 0 for any (default: api.port, else 3862)")


def _add_why(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    why = add_command(
        commands,
        "why",
        "Says why a file is where it is, and where it is not.",
        "For each service of the folder: how it stands to the file, and which filter, mode or rule decides. It reads "
        "what is known, asks no service, and may be used beside a running onitu.",
        ("onitu why photos/2026/a.jpg", "a file of the folder photos"),
        ("onitu why photos/2026", "a directory"),
        ("onitu why --json photos/2026/a.jpg", "for other programs to read"),
    )
    why.add_argument("path", metavar="PATH", help="FOLDER/PATH: a folder of the setup, and a path in it")
    add_config(why)
    add_data_dir(why)
    why.add_argument("--json", action="store_true", help="print JSON")


def _add_drivers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    drivers = add_command(
        commands,
        "drivers",
        "Lists the installed drivers, or tells all about one.",
        "What a driver can do is asked of the driver itself, which is started for a moment.",
        ("onitu drivers", "the drivers and their options"),
        ("onitu drivers local_storage", "its options in full, and what it can do"),
    )
    drivers.add_argument("name", nargs="?", metavar="NAME", help="a driver (default: all of them, in short)")


def _add_conflicts(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listing = add_command(
        commands,
        "conflicts",
        "Lists the conflict copies, and settles one.",
        "Each file of which there are two contents, with the services they are from.",
        ("onitu conflicts", "what there is"),
        ("onitu conflicts resolve --keep nas 'docs/a (conflict nas 2026-01-02 1a2b)'", "the nas is right"),
    )
    add_config(listing)
    add_data_dir(listing)
    actions = listing.add_subparsers(dest="action", metavar="ACTION", title="actions")
    resolve = add_command(
        actions,
        "resolve",
        "Settles a conflict.",
        "The content of one service keeps the name and the other is deleted everywhere, into the trash of each; or "
        "both stay as they are, and the conflict is not listed any more.",
        ("onitu conflicts resolve --keep both 'docs/a (conflict nas 2026-01-02 1a2b)'", "two files"),
    )
    for add in (add_config, add_data_dir):
        add(resolve).default = argparse.SUPPRESS
    resolve.add_argument("--keep", required=True, metavar="SERVICE", help="whose content, or 'both'")
    resolve.add_argument("path", metavar="PATH", help="FOLDER/PATH of the conflict copy")


def _add_log(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    log = add_command(
        commands,
        "log",
        "Says what became of a file.",
        "Its versions, renames and deletions: when, on which service, and whether that version can still be had back. "
        "It may be used beside a running onitu. The services are asked what they keep.",
        ("onitu log docs/letter.txt", "a file that is there, or was"),
        ("onitu log --json docs/letter.txt", "for other programs to read"),
    )
    log.add_argument("path", metavar="PATH", help="FOLDER/PATH: a folder of the setup, and a path in it")
    add_config(log)
    add_data_dir(log)
    log.add_argument("--json", action="store_true", help="print JSON")


def _add_restore(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    restore = add_command(
        commands,
        "restore",
        "Makes an older version of a file the current one.",
        "`onitu log` has the versions. It comes back as an edit on the service that keeps it, and is synced like any; "
        "what is there now is kept like anything that is replaced. A running onitu does it at once, otherwise the next "
        "start does.",
        ("onitu restore docs/letter.txt --version 3", "also a file that was deleted"),
    )
    restore.add_argument("path", metavar="PATH", help="FOLDER/PATH: a folder of the setup, and a path in it")
    restore.add_argument("--version", dest="number", required=True, metavar="N", help="which, as `onitu log` has it")
    add_config(restore)
    add_data_dir(restore)


def _add_trash(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    trash = add_command(
        commands,
        "trash",
        "Lists what was replaced or deleted, and brings it back.",
        "Onitu replaces and deletes nothing before a copy of it is kept: in the trash of its service, or in the data "
        "directory. The setup says for how long (keep).",
        ("onitu trash list docs", "what there is of a folder"),
        ("onitu trash restore docs/letter.txt", "the newest copy of a file"),
        ("onitu trash empty --older-than 7", "remove what is older than a week"),
    )
    actions = trash.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    listing = add_command(
        actions,
        "list",
        "Lists what is kept, the oldest first.",
        "All trashes are asked. With one that cannot be asked the exit code is 1.",
        ("onitu trash list docs/letters", "a directory and all below it"),
    )
    listing.add_argument("path", nargs="?", metavar="PATH", help="FOLDER or FOLDER/PATH (default: everything)")
    restore = add_command(
        actions,
        "restore",
        "Brings a copy back.",
        "It comes back as a new file on the service it lay on, and is synced like any. Nothing is replaced: where its "
        "name is taken it gets one beside it. Of each file of a directory the newest copy comes back.",
        ("onitu trash restore docs/letter.txt", ""),
        ("onitu trash restore --service nas docs/letters", "a directory, as the nas had it"),
    )
    restore.add_argument("path", metavar="PATH", help="FOLDER or FOLDER/PATH")
    restore.add_argument("--id", metavar="ID", help="this copy (`onitu trash list --json` has the ids)")
    empty = add_command(
        actions,
        "empty",
        "Removes copies for good.",
        "You are asked first.",
        ("onitu trash empty --older-than 7", "what is older than a week"),
        ("onitu trash empty --yes docs/secret.txt", "all copies of one file"),
    )
    empty.add_argument("path", nargs="?", metavar="PATH", help="FOLDER or FOLDER/PATH (default: everything)")
    empty.add_argument(
        "--older-than", type=_days, default=0.0, metavar="DAYS", help="only what is older (default: all)"
    )
    empty.add_argument("--yes", action="store_true", help="do not ask")
    for action in (listing, restore, empty):
        action.add_argument("--service", metavar="SERVICE", help="only what lay on this service")
        add_config(action)
        add_data_dir(action)
    listing.add_argument("--json", action="store_true", help="print JSON")


def _add_verify(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def _add_holds(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    holds = add_command(
        commands,
        "holds",
        "Lists what waits for your decision, and takes it.",
        "Where a service loses more files at once than max-delete allows, or shows older content for many, nothing is "
        "done about them before you have said so; everything else goes on. A running onitu carries it out at once, "
        "otherwise the next start does.",
        ("onitu holds", "what is held, and why"),
        ("onitu holds approve nas photos", "delete them everywhere"),
        ("onitu holds restore nas photos", "bring them back to the nas"),
    )
    add_config(holds)
    add_data_dir(holds)
    holds.add_argument("--all", action="store_true", help="name every file, not only the first of them")
    actions = holds.add_subparsers(dest="action", metavar="ACTION", title="actions")
    _add_decision(actions, "approve", "Does to all services what has happened to the files on this one.")
    _add_decision(actions, "restore", "Brings the files back to the service that has lost them.")


def _add_decision(actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str) -> None:
    decision = add_command(actions, name, text, "", (f"onitu holds {name} nas photos", ""))
    for add in (add_config, add_data_dir):
        add(decision).default = argparse.SUPPRESS  # What stands before the action counts as well.
    decision.add_argument("service", metavar="SERVICE", help="the service that is held")
    decision.add_argument("folder", metavar="FOLDER", help="the folder")


def _add_driver(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    driver = add_command(
        commands,
        "driver",
        "Helps to write a driver.",
        "Drivers are programs of their own, in any language: docs/drivers-python.md is about those in Python.",
        ("onitu driver test weather", "whether an installed driver keeps the contract"),
    )
    actions = driver.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
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
        "--report", choices=("text", "json", "junit", "md"), default="text", help="form of the report (default: text)"
    )

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


def _add_certs(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def _add_state(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    state = add_command(
        commands,
        "state",
        "Exports, imports or checks what Onitu knows of the files.",
        "These are the records in the data directory, not the files themselves. export and check may be used beside a "
        "running onitu: they show its state at one moment.",
        ("onitu state check", "look whether all records fit together"),
        ("onitu state export -o state.jsonl", "write them to a file"),
        ("onitu state import --data-dir new state.jsonl", "and into an empty data directory"),
    )
    actions = state.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    export = add_command(
        actions,
        "export",
        "Writes all records as JSON lines.",
        "One record a line, in a stable order, so that two exports can be compared. It holds names and digests of all "
        "files and no content.",
        ("onitu state export | less", "look at them"),
        ("onitu state export -o state.jsonl", "keep them"),
    )
    add_config(export)
    add_data_dir(export)
    export.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: standard output)")
    take = add_command(
        actions,
        "import",
        "Reads exported records into an empty data directory.",
        "All or none are taken in. What has changed on the services since the export counts as changed by a user.",
        ("onitu state import state.jsonl", "into the data directory of ./onitu.yaml"),
        ("onitu state import --data-dir new state.jsonl", "into another one"),
    )
    add_config(take)
    add_data_dir(take)
    take.add_argument("file", type=Path, metavar="FILE", help="what `onitu state export` has written")
    check = add_command(
        actions,
        "check",
        "Looks whether all records fit together.",
        "The tree must be one, and everything that is derived from the records is derived again and compared. Nothing "
        "is changed. With a fault the exit code is 1.",
        ("onitu state check", "of the setup that `onitu serve` would take"),
    )
    add_config(check)
    add_data_dir(check)


def _add_install_service(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def _add_completion(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    completion = add_command(
        commands,
        "completion",
        "Prints a script that completes Onitu in your shell.",
        "",
        ("onitu completion bash > ~/.local/share/bash-completion/completions/onitu", ""),
        ("onitu completion zsh > ~/.zfunc/_onitu", "with ~/.zfunc in $fpath"),
        ("onitu completion fish > ~/.config/fish/completions/onitu.fish", ""),
    )
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days < float("inf"):
        raise ValueError(text)
    return days


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port < 1 << 16:
        raise ValueError(text)
    return port
