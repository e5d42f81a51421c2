"""`onitu rules`: the rules of a running core."""

from __future__ import annotations

import argparse
import json
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
        answer = core.ask("PUT", "/rules", {"rules": _rules(arguments)})
        said = "the rules are kept; `onitu rules reload` puts them in force"
    else:
        answer = core.ask("PUT", "/rules/reload")
        said = "the rules are in force"
    print_json(answer) if arguments.json else print(said)
    return 0


def _rules(arguments: argparse.Namespace) -> object:
    """Returns the rules of a file: a list, or what `GET /rules` answers."""
    name = str(arguments.file)
    try:
        given = json.loads(sys.stdin.read() if name == "-" else arguments.file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{name}: is not JSON: {error}") from error
    return given.get("rules", given) if isinstance(given, dict) else given
