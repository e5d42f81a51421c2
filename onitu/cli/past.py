"""The arguments of the commands about what became of files: why, log, restore, trash."""

from __future__ import annotations

import argparse

from onitu.cli.pages import add_command, add_config, add_data_dir


def add_why(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu why`."""
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


def add_log(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu log`."""
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


def add_restore(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu restore`."""
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


def add_trash(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu trash`."""
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


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days < float("inf"):
        raise ValueError(text)
    return days
