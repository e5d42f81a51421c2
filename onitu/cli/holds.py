"""`onitu holds`: what waits for a person's decision, and the decision."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from onitu.cli.running import print_json
from onitu.config import data_directory, find_setup, load_setup

if TYPE_CHECKING:
    from onitu.config.values import Setup
    from onitu.supervisor.holds import Held

#: Files that are named of each hold, unless all are asked for.
NAMED = 20


def run(arguments: argparse.Namespace) -> int:
    """Lists what is held, or takes a decision.

    Raises:
        OnituError: The setup or the records cannot be used, or nothing is held there.
    """
    setup = load_setup(find_setup(arguments.config))
    directory = data_directory(setup, arguments.data_dir)
    if arguments.action is not None:
        return _decide(directory, setup, arguments)
    from onitu.supervisor.holds import list_halts, list_holds  # noqa: PLC0415 - once the setup is known to be good

    halted, held = list_halts(directory, setup), list_holds(directory, setup)
    if arguments.json:
        import msgspec  # noqa: PLC0415 - as above

        from onitu.rest.holding import holds_of  # noqa: PLC0415 - as above

        print_json(msgspec.to_builtins(holds_of(held, halted, most=None)))
        return 0
    for root in halted:
        print(f"{root.service}, folder {root.folder}: {root.reason}")
        print("  bring it back, and it goes on by itself; nothing is deleted anywhere meanwhile")
        print(f"  to go on with what is there now:  onitu holds approve {root.service} {root.folder} --root")
    for one in held:
        print("\n".join(_lines(one, None if arguments.all else NAMED)))
    if not held and not halted:
        print("nothing is held")
    return 0


def _decide(directory: Path, setup: Setup, arguments: argparse.Namespace) -> int:
    from onitu.referee.holding import Order, Subject  # noqa: PLC0415 - as above
    from onitu.supervisor.holds import DecideHold, decide  # noqa: PLC0415 - as above

    order = Order(arguments.action)
    request = DecideHold(
        service=arguments.service,
        folder=arguments.folder,
        order=order,
        what=Subject.ROOT if order is Order.APPROVE and arguments.root else None,
        count=arguments.count if order is Order.APPROVE else None,
    )
    at_once = decide(directory, setup, request)
    when = "it is being done" if at_once else "it is done at the next `onitu serve`"
    print(f"{arguments.service}, folder {arguments.folder}: {order.value}; {when}")
    return 0


def _lines(held: Held, most: int | None) -> list[str]:
    since = datetime.fromtimestamp(held.hold.since_ns // 10**9, UTC).isoformat(sep=" ", timespec="seconds")
    lines = [f"{held.service}, folder {held.folder}: {held.hold.reason} (since {since})"]
    lines += [f"  {path}" for path in held.paths[:most]]
    if most is not None and len(held.paths) > most:
        lines.append(f"  and {len(held.paths) - most:,} more (--all)")
    if held.order is not None:
        lines.append(f"  decided: {held.order.value}; it is done as soon as the service can be reached")
    else:
        count = f"--count {len(held.paths)}"
        lines.append(f"  to do the same everywhere:  onitu holds approve {held.service} {held.folder} {count}")
        lines.append(f"  to bring them back there:   onitu holds restore {held.service} {held.folder}")
    return lines
