"""The back door for tests: a socket on which each line is a request in JSON and each answer is one line.

Requests, each with `do`:

- `write` (`path`, `text` or `base64`), `link` (`path`, `target`), `delete`, `move` (`path`, `destination`),
  `make_directory`, `make_executable`: as a user would. `save`: keeps the content in the file of the option `persist`
  now.
- `tree`: answers `entries`, path to `{kind, base64, mtime_ns, executable, target, revision}`; with `digests`, `blake3`
  in hexadecimal instead of `base64`.
- `inject` (`task`, and any of `path`, `times`, `delay`, `error`, `message`, `change`, `torn`, `corrupt`): the next
  `times` (1) calls of that handler, on that path (any), wait `delay` seconds, then find the file changed to the text
  `change`, then raise the error of that name; a listing that is `torn` breaks off in its middle, content that is
  `corrupt` has another first byte. The first `skip` calls are spared; one that is `hold`
  waits until `release`, or the end of the process.
- `holding`: answers `count`, how many calls wait so.
- `release`: lets those go on. `clear`: forgets all injections. `crash`: ends the process at once.

An answer is `{"ok": true, ...}` or `{"ok": false, "reason": ...}`.
"""

from __future__ import annotations

import json
import os
import socketserver
import threading
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

import onitu.plug
from onitu.plug import Attributes, DriverError, Inadmissible, Present, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from onitu_memory.tree import Entry, Tree

Listed = tuple[str, Present | Inadmissible]


@dataclass
class Injection:
    """A fault that is to happen."""

    task: str
    path: str | None = None
    times: int = 1
    delay: float = 0.0
    error: str | None = None
    message: str = "injected by a test"
    change: str | None = None
    torn: bool = False
    corrupt: bool = False
    skip: int = 0
    hold: bool = False

    def __post_init__(self) -> None:
        kind = getattr(onitu.plug, self.error or "DriverError", None)
        if kind is None:
            message = f"there is no error {self.error!r}"
            raise ValueError(message)
        self.exception: type[DriverError] = kind


class Faults:
    """The faults that are to happen.

    Args:
        tree: The service.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._lock = threading.Lock()
        self._pending: list[Injection] = []
        self._released = threading.Event()
        self.holding = 0
        self.journal: str | None = None

    def note(self, task: str, **about: object) -> None:
        """Adds a line to the journal, where there is one."""
        if self.journal is not None:
            with self._lock, Path(self.journal).open("a", encoding="utf-8") as journal:
                journal.write(json.dumps({"task": task, **about}) + "\n")

    def inject(self, injection: Injection) -> None:
        """Lets a fault happen."""
        with self._lock:
            self._pending.append(injection)

    def inject_all(self, file: str) -> None:
        """Lets the faults happen that are in a file, one a line."""
        for line in Path(file).read_text(encoding="utf-8").splitlines():
            self.inject(Injection(**json.loads(line)))

    def clear(self) -> None:
        """Forgets all faults."""
        with self._lock:
            self._pending.clear()

    def release(self) -> None:
        """Lets calls go on that wait."""
        with self._lock:
            self._released.set()
            self._released = threading.Event()

    def before(self, task: str, path: str) -> None:
        """Does what is to happen before a handler does its work."""
        fault = self._take(task, path)
        if fault is None:
            return
        if fault.delay:
            time.sleep(fault.delay)
        if fault.hold:
            self._hold()
        if fault.change is not None:
            self._tree.write(path, fault.change.encode())
        if fault.error is not None:
            raise fault.exception(fault.message)

    def altered(self, task: str, path: str, content: bytes) -> bytes:
        """Returns content as it is passed on: with another first byte where it is to be corrupt."""
        fault = self._take(task, path, corrupt=True)
        return content if fault is None or not content else bytes([content[0] ^ 1]) + content[1:]

    def _hold(self) -> None:
        with self._lock:
            released = self._released
            self.holding += 1
        released.wait()
        with self._lock:
            self.holding -= 1

    def torn(self, path: str, entries: Sequence[Listed]) -> Iterator[Listed]:
        """Yields a listing, half of it where it is to be torn."""
        fault = self._take("list_directory", path, torn=True)
        yield from entries if fault is None else entries[: len(entries) // 2]
        if fault is not None:
            message = f"{path}: {fault.message}"
            raise Unavailable(message)

    def _take(self, task: str, path: str, *, torn: bool = False, corrupt: bool = False) -> Injection | None:
        with self._lock:
            for fault in self._pending:
                if fault.task == task and fault.path in {None, path} and (fault.torn, fault.corrupt) == (torn, corrupt):
                    if fault.skip:
                        fault.skip -= 1
                        return None
                    fault.times -= 1
                    if fault.times <= 0:
                        self._pending.remove(fault)
                    return fault
        return None


class Control:
    """Serves the control socket.

    Args:
        path: Where.
        tree: The service.
        faults: Its faults.
        keep: Keeps what is in the service for the next process.
    """

    def __init__(self, path: str, tree: Tree, faults: Faults, keep: Callable[[], None]) -> None:
        self._tree = tree
        self._faults = faults
        self._keep = keep
        control = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(json.dumps(control.answer(line)).encode() + b"\n")

        Path(path).unlink(missing_ok=True)
        self._server = socketserver.ThreadingUnixStreamServer(path, Handler)
        self._server.daemon_threads = True

    def start(self) -> None:
        """Begins to serve."""
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def answer(self, line: bytes) -> dict[str, object]:
        """Does what one line asks for."""
        try:
            request = json.loads(line)
            return {"ok": True, **self._do(request.pop("do"), request)}
        except (ValueError, KeyError, TypeError, DriverError) as error:
            return {"ok": False, "reason": f"{type(error).__name__}: {error}"}

    def _do(self, what: str, request: dict[str, Any]) -> dict[str, object]:
        match what:
            case "tree":
                return {"entries": self._dump(digests=bool(request.get("digests")))}
            case "save":
                self._keep()
            case "crash":
                os._exit(70)
            case "inject" | "holding" | "release" | "clear":
                return self._disturb(what, request)
            case _:
                self._edit(what, request)
        return {}

    def _disturb(self, what: str, request: dict[str, Any]) -> dict[str, object]:
        match what:
            case "inject":
                self._faults.inject(Injection(**request))
            case "holding":
                return {"count": self._faults.holding}
            case "release":
                self._faults.release()
            case "clear":
                self._faults.clear()
        return {}

    def _edit(self, what: str, request: dict[str, Any]) -> None:
        path = request.get("path", "")
        match what:
            case "write":
                text = b64decode(request["base64"]) if "base64" in request else request["text"].encode()
                self._tree.write(path, text)
            case "link":
                self._tree.link(path, request["target"])
            case "delete":
                self._tree.delete(path)
            case "move":
                self._tree.move(path, request["destination"])
            case "make_directory":
                self._tree.make_directory(path)
            case "make_executable":
                self._tree.set_attributes(path, Attributes(executable=True))
            case _:
                message = f"cannot do {what!r}"
                raise ValueError(message)

    def _dump(self, *, digests: bool) -> dict[str, dict[str, object]]:
        with self._tree.lock:
            return {
                path: {
                    "kind": entry.kind.value,
                    **_content(entry, digests=digests),
                    "mtime_ns": entry.mtime_ns,
                    "executable": entry.executable,
                    "target": entry.target,
                    "revision": entry.revision,
                }
                for path, entry in self._tree.all()
            }


def _content(entry: Entry, *, digests: bool) -> dict[str, object]:
    if digests:
        return {"blake3": blake3(entry.content).hexdigest()}
    return {"base64": b64encode(entry.content).decode()}
