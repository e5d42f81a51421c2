"""How a command and its help page are made."""

from __future__ import annotations

import argparse
from pathlib import Path


class Help(argparse.RawDescriptionHelpFormatter):
    """Help pages on which every command has its line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=24)


def add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    more: str,
    *examples: tuple[str, str],
) -> argparse.ArgumentParser:
    """Adds a command.

    Args:
        commands: What it is one of.
        name: Its name.
        text: What it does; the same in the list of commands and on its own page.
        more: What else is to be known, or "".
        examples: Command lines, each with what it is for, or "".
    """
    lines = [line for command, use in examples for line in _example(command, use)]
    return commands.add_parser(
        name,
        help=f"{text[0].lower()}{text[1:].rstrip('.')}",
        description=f"{text}\n\n{_filled(more)}" if more else text,
        epilog="\n".join(["examples:", *lines]),
        formatter_class=Help,
    )


def _example(command: str, use: str) -> list[str]:
    """Returns an example in one line, or in two where it is long."""
    if not use:
        return [f"  {command}"]
    line = f"  {command:<{_EXAMPLE_WIDTH}}  {use}"
    return [line] if len(command) <= _EXAMPLE_WIDTH and len(line) <= _WIDTH else [f"  {command}", f"      {use}"]


#: Columns of a help page, as argparse fills its own on a terminal of 80.
_WIDTH = 78

#: Columns of a command line that leaves room for what it is for beside it.
_EXAMPLE_WIDTH = 34


def _filled(text: str) -> str:
    """Returns a paragraph in lines of the page's width; `textwrap` takes as long to import as all the rest here."""
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def add_config(command: argparse.ArgumentParser) -> argparse.Action:
    """Adds which setup is meant."""
    return command.add_argument(
        "-c",
        "--config",
        type=Path,
        metavar="FILE",
        help="the setup (default: ./onitu.yaml, else onitu/onitu.yaml in your configuration directory)",
    )


def add_data_dir(command: argparse.ArgumentParser) -> argparse.Action:
    """Adds where the records are."""
    return command.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where the metadata is kept (default: the setup's data-dir, else onitu/NAME in your state directory)",
    )


def add_debug(command: argparse.ArgumentParser) -> None:
    """Adds that everything is logged."""
    command.add_argument("--debug", action="store_true", help="log everything")
