"""`onitu service`: starts, stops, adds and removes services of a running core."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading

from onitu.cli.running import Running, print_json
from onitu.errors import ConfigError, OnituError

#: Stands for no schedule.
ALWAYS = "always"

_DONE = {
    "start": "started",
    "stop": "stopped",
    "restart": "started again",
    "pause": "paused",
    "resume": "resumed",
    "add": "in force",
    "remove": "taken out of the setup; its files stay",
}


def run(arguments: argparse.Namespace) -> int:
    """Does something with a service and returns 0, or 1 if it was started and does not serve its folders.

    Raises:
        OnituError: There is no running core, or no setup; or it refuses.
    """
    from onitu.rest.client import place  # noqa: PLC0415 - once the arguments are known good

    core, at = Running(arguments), f"/services{place(arguments.service or '')}"
    if arguments.action == "authorize":
        return _authorize(core, at, arguments)
    if arguments.action == "schedule":
        return _schedule(core, at, arguments)
    if arguments.service is None:
        answer = core.ask("PUT", f"/{arguments.action}")
    elif arguments.action == "add":
        answer = core.ask("PUT", at, _block(arguments))
    elif arguments.action == "remove":
        answer = core.ask("DELETE", at)
    else:
        answer = core.ask("PUT", f"{at}/{arguments.action}")
    print_json(answer) if arguments.json else print(f"{arguments.service or 'all services'}: {_DONE[arguments.action]}")
    if arguments.action in ("start", "restart"):
        status = core.ask("GET", f"{at}/status")
        if status.get("reason"):
            print(f"{arguments.service} {status['status']}: {status['reason']}", file=sys.stderr)
            return 1
    return 0


def _authorize(core: Running, at: str, arguments: argparse.Namespace) -> int:
    """Has a person sign in to a service."""
    place = f"{at}/authorization"
    begun = core.ask("POST", place, {})
    # Not on standard output, which is for what came of it.
    print(f"Open this address in a browser, and sign in:\n\n  {begun['uri']}\n", file=sys.stderr)
    print("If the browser does not come back, type the code or the address that it shows:", file=sys.stderr)
    threading.Thread(target=_bring_typed, args=(core, place, begun["state"]), daemon=True).start()
    answer: dict[str, str] = {"account": ""}
    while not answer["account"]:
        answer = core.ask("POST", place, {"state": begun["state"]})
    if arguments.json:
        print_json({"account": answer["account"], "status": "ok"})
    else:
        print(f"{arguments.service}: signed in as {answer['account']}")
    return 0


def _bring_typed(core: Running, place: str, state: str) -> None:
    """Brings what a person types. What comes of it is told to whoever waits for the end."""
    typed = sys.stdin.readline().strip()
    if typed:
        with contextlib.suppress(OnituError):
            core.ask("POST", place, {"state": state, "answer": typed})


def _schedule(core: Running, at: str, arguments: argparse.Namespace) -> int:
    """Sets a schedule, or shows it."""
    if arguments.times:
        times = [] if arguments.times == [ALWAYS] else arguments.times
        answer = core.ask("PUT", f"{at}/schedule", {"schedule": times})
    else:
        answer = core.ask("GET", f"{at}/schedule")
        times = answer["schedule"]
    print_json(answer) if arguments.json else print(f"{arguments.service}: {'; '.join(times) or ALWAYS}")
    return 0


def _block(arguments: argparse.Namespace) -> object:
    """Returns what a file says of a service."""
    from onitu.config.document import parse_document  # noqa: PLC0415 - others can do without
    from onitu.config.faults import Faults, SetupError  # noqa: PLC0415
    from onitu.config.words import service_words  # noqa: PLC0415

    name, faults = str(arguments.file), Faults()
    try:
        text = sys.stdin.read() if name == "-" else arguments.file.read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    item = parse_document(text, name, faults)
    if item is None or faults.found:
        raise SetupError(faults.found)
    return service_words(item)
