"""The other end of the memory driver's control socket: a test edits and inspects a service that has no files."""

from __future__ import annotations

import json
import socket
from base64 import b64decode, b64encode
from typing import Any

from blake3 import blake3

from tests.functional.harness import FOLDER, Onitu
from tests.functional.processes import REACTION, UNIT
from tests.functional.trees import Entry

DIRECTORY = 2  # Number of the kind, as in the contract.


class Memory:
    """A memory service of a setup.

    Args:
        onitu: The setup.
        name: Name of the service.
        options: Of the driver.
    """

    def __init__(self, onitu: Onitu, name: str, **options: object) -> None:
        # Socket paths end at 107 bytes, and the setup's own directory is long.
        self._socket = str(onitu.temporary / f"{name}.control")
        folders = {FOLDER: {"path": "."}}
        onitu.add(name, driver="memory", control=self._socket, folders=folders, **options)

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
            connection.connect(self._socket)
            connection.sendall(json.dumps({"do": do, **request}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"ok": do == "crash"}
        assert answer["ok"], answer
        return answer

    def write(self, path: str, content: bytes | str) -> None:
        """Writes a file, as a user of that service would."""
        data = content.encode() if isinstance(content, str) else content
        self.ask("write", path=path, base64=b64encode(data).decode())

    def tree(self) -> dict[str, Entry]:
        """Looks at everything it holds, as `trees.snapshot` does."""
        entries = self.ask("tree")["entries"]
        return {path: _entry(entry) for path, entry in sorted(entries.items())}


def _entry(entry: dict[str, Any]) -> Entry:
    if entry["kind"] == DIRECTORY:
        return Entry("directory")
    digest = blake3(b64decode(entry["base64"])).hexdigest()
    return Entry("file", digest, executable=bool(entry["executable"]), mtime_ns=entry["mtime_ns"])
