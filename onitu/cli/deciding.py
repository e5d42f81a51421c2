"""The arguments of the commands by which a person decides: conflicts and holds."""

from __future__ import annotations

import argparse

from onitu.cli.pages import add_command, add_config, add_data_dir


def add_conflicts(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu conflicts`."""
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
    listing.add_argument("--json", action="store_true", help="print JSON")
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


def add_holds(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu holds`."""
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
    holds.add_argument("--json", action="store_true", help="print JSON, with every file")
    actions = holds.add_subparsers(dest="action", metavar="ACTION", title="actions")
    approve = _add_decision(actions, "approve", "Does to all services what has happened to the files on this one.")
    said = approve.add_mutually_exclusive_group()
    said.add_argument("--root", action="store_true", help="go on with the root that is there in place of the lost one")
    said.add_argument("--count", type=_count, metavar="N", help="not if it is about more than N files by now")
    _add_decision(actions, "restore", "Brings the files back to the service that has lost them.")


def _add_decision(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    decision = add_command(actions, name, text, "", (f"onitu holds {name} nas photos", ""))
    for add in (add_config, add_data_dir):
        add(decision).default = argparse.SUPPRESS  # What stands before the action counts as well.
    decision.add_argument("service", metavar="SERVICE", help="the service that is held")
    decision.add_argument("folder", metavar="FOLDER", help="the folder")
    return decision


def _count(text: str) -> int:
    """Reads a number of files.

    Raises:
        ValueError: It is none.
    """
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)
