"""The arguments of the commands about Onitu itself: drivers, records, shells."""

from __future__ import annotations

import argparse
from pathlib import Path

from onitu.cli.pages import add_command, add_config, add_data_dir

#: Shells that `onitu completion` knows.
SHELLS = ("bash", "zsh", "fish")


def add_drivers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu drivers`."""
    drivers = add_command(
        commands,
        "drivers",
        "Lists the installed drivers, or tells all about one.",
        "What a driver can do is asked of the driver itself, which is started for a moment.",
        ("onitu drivers", "the drivers and their options"),
        ("onitu drivers local_storage", "its options in full, and what it can do"),
    )
    drivers.add_argument("name", nargs="?", metavar="NAME", help="a driver (default: all of them, in short)")


def add_state(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu state`."""
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


def add_completion(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds `onitu completion`."""
    completion = add_command(
        commands,
        "completion",
        "Prints a script that completes Onitu in your shell.",
        "",
        ("onitu completion bash > ~/.local/share/bash-completion/completions/onitu", ""),
        ("onitu completion zsh > ~/.zfunc/_onitu", "with ~/.zfunc in $fpath"),
        ("onitu completion fish > ~/.config/fish/completions/onitu.fish", ""),
    )
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help="which: bash, zsh or fish")
