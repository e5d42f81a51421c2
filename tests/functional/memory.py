"""The other end of the memory driver's control socket: a test edits and inspects a service that has no files."""

from __future__ import annotations

import json
import socket
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from tests.functional.harness import FOLDER, Onitu
from tests.functional.processes import REACTION, UNIT, wait_until
from tests.functional.trees import Entry

DIRECTORY, SYMLINK = 2, 3  # Numbers of the kinds, as in the contract.


class Control:
    """The control socket of a driver.

    Args:
        path: The socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def ask(self, do: str, **request: object) -> dict[str, Any]:
        """Makes one request (`onitu_memory.control` lists them).

        Args:
            do: What.
            request: Its arguments.

        Returns:
            The answer.
        """
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(REACTION * UNIT)
            connection.connect(str(self.path))
            connection.sendall(json.dumps({"do": do, **request}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"ok": do == "crash"}
        assert answer["ok"], answer
        return answer

    def answers(self) -> bool:
        """Whether a driver serves it now."""
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.path)) == 0

    def tree(self) -> dict[str, Entry]:
        """Looks at everything the service holds, as `trees.snapshot` does; where its driver dies, at the next one."""
        answer = wait_until(lambda: self._asked_for_tree() or {}, "a driver shows its tree")
        entries = answer["entries"]
        return {path: _entry(entry) for path, entry in sorted(entries.items())}

    def _asked_for_tree(self) -> dict[str, Any] | None:
        """Returns the answer, or None while a driver is dying or starting."""
        try:
            return self.ask("tree", digests=True)
        except (OSError, AssertionError):  # It did not answer.
            return None

    def content(self, path: str) -> bytes:
        """Reads a file, as a user of that service would."""
        return b64decode(self.ask("tree")["entries"][path]["base64"])


class Memory(Control):
    """A memory service of a setup.

    Args:
        onitu: The setup.
        name: Name of the service.
        options: Of the driver.
    """

    def __init__(self, onitu: Onitu, name: str, **options: object) -> None:
        # Socket paths end at 107 bytes, and the setup's own directory is long.
        super().__init__(onitu.temporary / f"{name}.control")
        folders = {FOLDER: {"path": "."}}
        onitu.add(name, driver="memory", control=str(self.path), folders=folders, **options)

    def write(self, path: str, content: bytes | str) -> None:
        """Writes a file, as a user of that service would."""
        data = content.encode() if isinstance(content, str) else content
        self.ask("write", path=path, base64=b64encode(data).decode())


def _entry(entry: dict[str, Any]) -> Entry:
    if entry["kind"] == DIRECTORY:
        return Entry("directory")
    if entry["kind"] == SYMLINK:
        return Entry("other", entry["target"])
    return Entry("file", entry["blake3"], executable=bool(entry["executable"]), mtime_ns=entry["mtime_ns"])
