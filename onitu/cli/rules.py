"""`onitu rules`: the rules of a running core."""

from __future__ import annotations

import argparse
import sys

from onitu.cli.running import Running, print_json
from onitu.errors import ConfigError


def run(arguments: argparse.Namespace) -> int:
    """Shows, keeps or puts in force the rules, and returns 0.

    Raises:
        OnituError: There is no running core, or no setup; or the rules are faulty.
    """
    core = Running(arguments)
    if arguments.action == "get":
        print_json(core.ask("GET", "/rules?state=active" if arguments.active else "/rules")["rules"])
        return 0
    if arguments.action == "set":
        answer = core.ask("PUT", "/rules/text", {"text": _text(arguments), "name": str(arguments.file)})
        for warning in answer["warnings"]:
            print(warning, file=sys.stderr)
        said = "the rules are kept; `onitu rules reload` puts them in force"
    else:
        answer = core.ask("PUT", "/rules/reload")
        said = "the rules are in force"
    print_json(answer) if arguments.json else print(said)
    return 0


def _text(arguments: argparse.Namespace) -> str:
    """Returns what stands in the file."""
    name = str(arguments.file)
    try:
        return sys.stdin.read() if name == "-" else str(arguments.file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: is not UTF-8 text") from error
