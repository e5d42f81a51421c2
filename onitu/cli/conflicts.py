"""`onitu conflicts`: lists the conflict copies, and settles one."""

from __future__ import annotations

import argparse

from onitu.cli.running import print_json
from onitu.config import data_directory, find_setup, load_setup


def run(arguments: argparse.Namespace) -> int:
    """Lists the conflicts, or settles one.

    Raises:
        OnituError: The setup or the records cannot be used, or there is no such conflict.
    """
    from onitu.supervisor.conflicts import (  # noqa: PLC0415 - after the arguments are known good
        ResolveConflict,
        list_conflicts,
        settle,
    )

    setup = load_setup(find_setup(arguments.config))
    directory = data_directory(setup, arguments.data_dir)
    if arguments.action == "resolve":
        folder, _, path = arguments.path.partition("/")
        request = ResolveConflict(folder=folder, path=path.strip("/"), keep=arguments.keep)
        at_once = settle(directory, setup, request)
        when = "it is being done" if at_once else "it is done at the next `onitu serve`"
        print(f"{arguments.path}: {arguments.keep} kept; {when}")
        return 0
    found = list_conflicts(directory, setup)
    if arguments.json:
        print_json(
            [
                {
                    "folder": folder,
                    "path": conflict.path,
                    "copy": conflict.copy_path,
                    "kept": conflict.kept,
                    "lost": conflict.lost,
                }
                for folder, conflict in found
            ]
        )
        return 0
    for folder, conflict in found:
        print(f"{folder}/{conflict.path}: the content of {conflict.kept}")
        print(f"  {folder}/{conflict.copy_path}: the content of {conflict.lost}")
    if not found:
        print("there are no conflicts")
    return 0
