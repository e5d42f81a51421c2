"""The arguments of the commands that ask a running core."""

from __future__ import annotations

import argparse
from pathlib import Path

from onitu.cli.pages import add_command, add_config, add_data_dir


def add_status(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu status`."""
    status = add_command(
        commands,
        "status",
        "Says how a running onitu is doing.",
        "Each service with what it is doing, what is still to be done there and what failed a moment ago; what is on "
        "its way, with how much of it has arrived.",
        ("onitu status", "once"),
        ("onitu status --watch", "again and again, until Ctrl-C"),
    )
    _add_asking(status)
    status.add_argument("--watch", action="store_true", help="show it again every second, until Ctrl-C")


def add_ls(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu ls`."""
    listing = add_command(
        commands,
        "ls",
        "Lists the files that a running onitu knows.",
        "In order, each with its size and who should hold it; a service that does not hold it yet stands in brackets.",
        ("onitu ls", "all files"),
        ("onitu ls photos --lacking nas", "those of a folder that the nas lacks"),
        ("onitu ls -q report", "those with this in their path"),
    )
    listing.add_argument("folder", nargs="?", metavar="FOLDER", help="a folder of the setup (default: all)")
    _add_asking(listing)
    listing.add_argument("-q", "--query", metavar="TEXT", help="only paths with this in them, in any case")
    listing.add_argument("--lacking", metavar="SERVICE", help="only what this service should hold and does not")


def add_transfers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu transfers`."""
    transfers = add_command(
        commands,
        "transfers",
        "Lists what is on its way.",
        "What one driver takes over from another on this host shows nothing before its end.",
        ("onitu transfers", "now"),
    )
    _add_asking(transfers)


def add_events(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu events`."""
    events = add_command(
        commands,
        "events",
        "Follows what happens, until Ctrl-C.",
        "Files that change, transfers, services, conflicts and holds. An event called reset says that some were "
        "missed: everything may be another.",
        ("onitu events", "a line for each event"),
        ("onitu events --json | jq .", "for other programs to read"),
    )
    _add_asking(events)
    events.add_argument("--after", metavar="ID", help="go on behind the event with this id (--json has the ids)")


def add_rules(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu rules`."""
    rules = add_command(
        commands,
        "rules",
        "Shows the rules of a running onitu, or sets others.",
        "Rules that were set outlive a restart, and hold until the setup file has other rules.",
        ("onitu rules get", "those that were last set, or the file's"),
        ("onitu rules set rules.yaml", "check and keep others"),
        ("onitu rules reload", "put them in force"),
    )
    actions = rules.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    get = add_command(actions, "get", "Prints the rules as JSON.", "", ("onitu rules get > rules.json", ""))
    _add_asking(get)
    get.add_argument("--active", action="store_true", help="those in force (default: those last set)")
    put = add_command(
        actions, "set", "Checks rules and keeps them.", "They do nothing before a reload.", ("onitu rules set -", "")
    )
    put.add_argument("file", type=Path, metavar="FILE", help="a list of rules, YAML or JSON, or '-' for standard input")
    _add_asking(put)
    reload = add_command(
        actions, "reload", "Puts the rules in force that were last set.", "", ("onitu rules reload", "")
    )
    _add_asking(reload)


def add_service(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu service`."""
    service = add_command(
        commands,
        "service",
        "Starts, stops, adds or removes a service of a running onitu.",
        "A command returns when it is so. What a person has stopped or paused stays so, over a restart of Onitu too. "
        "Changes are kept in the data directory, over the setup file.",
        ("onitu service stop nas", "before taking it away"),
        ("onitu service add backup backup.yaml", "what would stand in the setup"),
    )
    actions = service.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    for name, text in (
        ("start", "Starts a service that is stopped or has failed."),
        ("stop", "Stops a service until it is started again."),
        ("restart", "Stops a service and starts it again."),
        ("pause", "Lets nothing be moved to a service and from it."),
        ("resume", "Lets a service be brought up to date again."),
        ("add", "Adds a service, or changes one."),
        ("remove", "Takes a service out of the setup; its files stay."),
    ):
        action = add_command(actions, name, text, "", (f"onitu service {name} nas{' nas.yaml' * (name == 'add')}", ""))
        if name in ("pause", "resume"):
            action.add_argument("service", nargs="?", metavar="SERVICE", help="its name (default: all of them)")
        else:
            action.add_argument("service", metavar="SERVICE", help="its name")
        if name == "add":
            action.add_argument("file", type=Path, metavar="FILE", help="YAML, as under its name in a setup; or '-'")
        _add_asking(action)
    authorize = add_command(
        actions,
        "authorize",
        "Signs in to a service whose driver asks for that.",
        "Prints an address to open in a browser, and waits until one has signed in there. The credentials are kept in "
        "the data directory, and never shown.",
        ("onitu service authorize cloud", ""),
    )
    authorize.add_argument("service", metavar="SERVICE", help="its name")
    _add_asking(authorize)
    schedule = add_command(
        actions,
        "schedule",
        "Sets when a service is brought up to date, or shows it.",
        "Outside of these times it is observed, and nothing is moved to it and from it.",
        ("onitu service schedule nas 22:00-06:00 sat,sun", ""),
        ("onitu service schedule nas always", ""),
    )
    schedule.add_argument("service", metavar="SERVICE", help="its name")
    schedule.add_argument("times", nargs="*", metavar="TIME", help="as in a setup, or 'always' (default: show it)")
    _add_asking(schedule)


def add_config_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu config`."""
    config = add_command(
        commands,
        "config",
        "Prints the setup with what was changed over it, or forgets that.",
        "What is changed through the API is kept in the data directory, over the setup file.",
        ("onitu config export > onitu.yaml", "make it the file"),
        ("onitu config reset", "go back to the file"),
    )
    actions = config.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    for name, text, more in (
        ("export", "Prints the setup that holds, as YAML.", "Secrets that stand in the file are in it."),
        ("reset", "Forgets what was changed over the setup file.", "No onitu may run on it."),
    ):
        action = add_command(actions, name, text, more, (f"onitu config {name}", ""))
        add_config(action)
        add_data_dir(action)


def _add_asking(command: argparse.ArgumentParser) -> None:
    add_config(command)
    add_data_dir(command)
    command.add_argument("--json", action="store_true", help="print JSON")
