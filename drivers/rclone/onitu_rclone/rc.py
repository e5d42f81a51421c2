"""rclone's remote control: asks for things by their path below the user's remote, and raises what is refused.

It knows nothing of folders, nor of what is expected where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from onitu.plug import DriverError, Unavailable
from onitu.plug.http import Streams, let_go

from .daemon import ROOT
from .failures import failure_of, is_unknown_remote

if TYPE_CHECKING:
    from collections.abc import Callable

    from onitu.plug.http import Answer

    from .daemon import Daemon, Running

T = TypeVar("T")

FS: Final = f"{ROOT}:"
OLDEST: Final = (1, 60)
"""The first version that has all that is asked for here, and was tried."""

_REFUSED: Final = 300


class _Refusal(msgspec.Struct):
    error: str = ""


class _Version(msgspec.Struct):
    version: str = ""
    decomposed: list[int] = []


class _Remotes(msgspec.Struct):
    remotes: list[str] | None = None


class Rc:
    """The remote control of one rclone. May be used from any thread.

    Args:
        daemon: Its process.
        most_streams: How many files are kept open for reading on.

    Attributes:
        streams: Files that are being read.
    """

    def __init__(self, daemon: Daemon, *, most_streams: int) -> None:
        self.streams = Streams(most_streams)
        self._daemon = daemon
        self._is_checked = False

    def ask(
        self,
        command: str,
        answer: type[T],
        about: str,
        *,
        repeat: bool = False,
        **parameters: Any,  # noqa: ANN401 - JSON.
    ) -> T:
        """Has rclone do something.

        Args:
            command: Of the remote control.
            answer: What is read of its answer.
            about: The path, for a person.
            repeat: Whether doing it twice is as good as once.
            parameters: Of the command.

        Raises:
            DriverError: The service refuses it, or rclone.
        """
        body = msgspec.json.encode(parameters)

        def send(running: Running) -> Answer:
            headers = {**running.headers, "Content-Type": "application/json"}
            return running.web.send("POST", f"/{command}", headers=headers, body=body, repeat=repeat)

        got = self._sent(send)
        if got.status >= _REFUSED:
            raise self._failure(got, about, mutates=not repeat)
        return msgspec.json.decode(got.data, type=answer)

    def open(self, path: str, offset: int) -> Answer:
        """Returns a file from an offset on, to be read and closed.

        Raises:
            DriverError: It cannot be read.
        """
        target = f"/%5B{FS}%5D/{quote(path, safe='/', errors='surrogateescape')}"

        def send(running: Running) -> Answer:
            headers = {**running.headers, **({"Range": f"bytes={offset}-"} if offset else {})}
            return running.web.send("GET", target, headers=headers, repeat=True, stream=True)

        answer = self._sent(send)
        if answer.status >= _REFUSED:
            try:
                failure = self._failure(answer, path, mutates=False)
            finally:
                let_go(answer)
            raise failure
        return answer

    def check_version(self) -> None:
        """Makes sure that rclone is new enough, once.

        Raises:
            DriverError: It is not.
        """
        if self._is_checked:
            return
        found = self.ask("core/version", _Version, "rclone", repeat=True)
        if tuple(found.decomposed[:2]) < OLDEST:
            wanted = ".".join(map(str, OLDEST))
            raise DriverError(
                f"rclone is {found.version}: {wanted} or newer is needed, see https://rclone.org/install/"
            )
        self._is_checked = True

    def close(self) -> None:
        """Ends rclone."""
        self.streams.close()
        self._daemon.close()

    def _sent(self, send: Callable[[Running], Answer]) -> Answer:
        """Sends a request; to another rclone, where the one that was to get it is gone."""
        running = self._daemon.running()
        try:
            return send(running)
        except Unavailable:
            if not running.has_ended:
                raise
        return send(self._daemon.running())

    def _failure(self, answer: Answer, about: str, *, mutates: bool) -> DriverError:
        data = answer.data
        try:
            said = msgspec.json.decode(data, type=_Refusal).error
        except msgspec.DecodeError:
            said = data[:200].decode(errors="replace")
        said = " ".join((said or f"status {answer.status}").split())
        if is_unknown_remote(said):
            known = self.ask("config/listremotes", _Remotes, "rclone", repeat=True).remotes or []
            names = ", ".join(f"{name}:" for name in sorted(known) if name != ROOT)
            return DriverError(
                f"rclone: {said}; its configuration has {names or 'no remotes: `rclone config` makes one'}"
            )
        return failure_of(answer.status, said, about or "the root", mutates=mutates)
