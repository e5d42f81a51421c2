"""Tells a person that they are needed, by the commands and web hooks of the setup (CONTRACT B18).

A hook that fails or hangs is tried again, and never holds anything up. Where its address holds a secret, that is in no
log line.
"""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import trio

from onitu import __version__
from onitu.log import get_logger
from onitu.supervisor.needs import Message, Needs

if TYPE_CHECKING:
    from onitu.config.values import Notification
    from onitu.events import Events

#: Seconds that a hook may take.
PATIENCE = 30.0

#: Seconds before each further try.
PAUSES = (30.0, 300.0)

#: Seconds for what is still to be told when Onitu ends.
PARTING = 10.0

#: Hooks under way at once, at most.
AT_ONCE = 4

_DONE = range(200, 300)


class HookFailed(Exception):
    """A hook was not done; the text says why."""


class Messenger:
    """Tells a person.

    Args:
        name: Of the setup.
        hooks: Returns whom to tell, as the setup in force has it.
        events: Where what happens is heard.
        needs: What of it a person is needed for.
    """

    def __init__(
        self, name: str, hooks: Callable[[], Sequence[Notification]], events: Events, needs: Needs | None = None
    ) -> None:
        self._name = name
        self._hooks = hooks
        self._needs = needs or Needs()
        self._news = trio.Event()
        self._under_way = 0
        self._idle = trio.Event()
        self._limiter = trio.CapacityLimiter(AT_ONCE)
        self._log = get_logger()
        events.watchers.append(self._hear)

    async def run(self) -> None:
        """Tells whatever is to be told, until it is cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                for message in self._needs.due(trio.current_time()):
                    self._begin(nursery, message, PAUSES)
                self._news = trio.Event()
                with trio.move_on_at(self._needs.next_due()):
                    await self._news.wait()

    async def finish(self) -> None:
        """Tells what was gathered, and waits for what is under way, for some seconds."""
        with trio.move_on_after(PARTING):
            async with trio.open_nursery() as nursery:
                for message in self._needs.rest():
                    self._begin(nursery, message, ())
                while self._under_way:
                    await self._idle.wait()

    def _hear(self, kind: str, data: dict[str, Any]) -> None:
        """Takes an event in, if somebody is to be told of any."""
        if kind in ("conflict", "hold", "service"):
            self._needs.take(kind, data, trio.current_time())
            self._news.set()

    def _begin(self, nursery: trio.Nursery, message: Message, pauses: Sequence[float]) -> None:
        for hook in self._hooks():
            self._under_way += 1
            nursery.start_soon(self._tell, hook, message, pauses)

    async def _tell(self, hook: Notification, message: Message, pauses: Sequence[float]) -> None:
        """Tells one message to one hook, trying again where it fails. Who ends Onitu waits for the first try only."""
        try:
            done = await self._try(hook, message, 1)
        finally:
            self._under_way -= 1
            self._idle.set()
            self._idle = trio.Event()
        for attempt, pause in enumerate(pauses, 2):
            if done:
                return
            await trio.sleep(pause)
            done = await self._try(hook, message, attempt)

    async def _try(self, hook: Notification, message: Message, attempt: int) -> bool:
        """Tells one message to one hook, and returns whether that could be done."""
        to = _shown(hook)
        try:
            async with self._limiter:
                await self._call(hook, message)
        except HookFailed as error:
            self._log.warning("notification_failed", event_told=message.event, to=to, error=str(error), attempt=attempt)
            return False
        self._log.info("notified", event_told=message.event, to=to)
        return True

    async def _call(self, hook: Notification, message: Message) -> None:
        body = msgspec.json.encode({"setup": self._name, "time": time.time(), **msgspec.structs.asdict(message)})
        if hook.url is not None:
            await trio.to_thread.run_sync(_post, hook.url, body, abandon_on_cancel=True)
        else:
            await _run(hook.command, message, body)


async def _run(command: Sequence[str], message: Message, body: bytes) -> None:
    """Runs a command: the text is its last argument, everything as JSON comes by its stdin.

    Raises:
        HookFailed: It cannot be run, takes too long, or ends with a fault.
    """
    environment = {**os.environ, "ONITU_EVENT": message.event}
    try:
        with trio.move_on_after(PATIENCE) as running:
            done = await trio.run_process(
                [*command, message.text],
                stdin=body,
                stdout=subprocess.DEVNULL,
                capture_stderr=True,
                check=False,
                env=environment,
            )
    except OSError as error:
        raise HookFailed(f"cannot be started: {error.strerror or error}") from error
    if running.cancelled_caught:
        raise HookFailed(f"did not end within {PATIENCE:.0f} s")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise HookFailed(f"ended with exit status {done.returncode}" + (f": {said[-1]}" if said else ""))


def _post(url: str, body: bytes) -> None:
    """Sends JSON to a web hook.

    Raises:
        HookFailed: It cannot be reached, or refuses.
    """
    headers = {"Content-Type": "application/json", "User-Agent": f"onitu/{__version__}"}
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310 - the setup's: http or https.
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - as above
            code = answer.status
    except urllib.error.HTTPError as error:
        code = error.code
        error.close()
    except (OSError, ValueError) as error:
        # Not the error itself: some name the whole address.
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise HookFailed(f"cannot be reached: {reason}") from error
    if code not in _DONE:
        raise HookFailed(f"answered {code}")


def _shown(hook: Notification) -> str:
    """Returns who a hook is, as it may be logged."""
    return hook.command[0] if hook.url is None else str(urlsplit(hook.url).hostname)
