"""`onitu config`: the setup with what was changed over it."""

from __future__ import annotations

import argparse
import sys

from onitu.config import data_directory, find_setup, load_setup


def run(arguments: argparse.Namespace) -> int:
    """Prints the setup that holds, or forgets what was changed over the file, and returns 0.

    Raises:
        ConfigError: The setup cannot be used.
        StoreError: The records cannot be used.
    """
    import yaml  # noqa: PLC0415 - once the setup is known to be good

    from onitu.config.words import setup_words  # noqa: PLC0415
    from onitu.errors import StoreError  # noqa: PLC0415
    from onitu.store import Store  # noqa: PLC0415
    from onitu.store.beside import read_beside  # noqa: PLC0415
    from onitu.supervisor.overlay import Overlay, forget, read_overlay  # noqa: PLC0415

    setup = load_setup(find_setup(arguments.config))
    directory = data_directory(setup, arguments.data_dir)
    if arguments.action == "reset":
        store = Store(directory)
        try:
            store.write(forget)
        finally:
            store.close()
        print("what was changed over the setup file is forgotten")
        return 0
    try:
        with read_beside(directory) as transaction:
            overlay = read_overlay(transaction).over(setup)
    except StoreError:
        overlay = Overlay()  # There is nothing yet.
    top = overlay.joined(setup)
    yaml.safe_dump(setup_words(top) if top is not None else None, sys.stdout, allow_unicode=True, sort_keys=False)
    return 0
