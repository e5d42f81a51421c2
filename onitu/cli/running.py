"""The running core that a command asks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onitu.config import data_directory, find_setup, load_setup
from onitu.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Running:
    """The core that runs on the setup of a command.

    Args:
        arguments: Of the command.

    Raises:
        ConfigError: The setup cannot be used.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.directory: Path = data_directory(load_setup(find_setup(arguments.config)), arguments.data_dir)

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Asks it, and returns the body of its answer.

        Raises:
            ConfigError: It refuses; the text is its reason.
            StoreError: None runs, or it does not answer.
        """
        from onitu.rest.client import ask  # noqa: PLC0415 - once the setup is known to be good

        reply = ask(self.directory, method, path, body)
        if reply is None:
            raise self._nobody()
        if reply.reason:
            raise ConfigError(reply.reason)
        return reply.body

    def follow(self, path: str) -> Iterator[str]:
        """Yields the lines of an answer that does not end.

        Raises:
            ConfigError: It refuses; the text is its reason.
            StoreError: None runs.
        """
        from onitu.rest.address import PREFIX  # noqa: PLC0415 - as above
        from onitu.rest.client import connect  # noqa: PLC0415 - as above

        connection = connect(self.directory)
        if connection is None:
            raise self._nobody()
        connection.request("GET", PREFIX + path)
        if connection.sock is not None:
            connection.sock.settimeout(None)
        response = connection.getresponse()
        if response.status != 200:  # noqa: PLR2004 - well known
            raise ConfigError(str(json.loads(response.read()).get("reason", response.status)))
        for line in response:
            yield line.decode().rstrip("\r\n")

    def _nobody(self) -> StoreError:
        return StoreError(f"no onitu runs on {self.directory}; `onitu serve` starts one")


def print_json(value: object) -> None:
    """Prints an answer for other programs."""
    print(json.dumps(value, ensure_ascii=False, indent=2))
