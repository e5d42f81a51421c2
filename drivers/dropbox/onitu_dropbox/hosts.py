"""The hosts that Dropbox answers at, or one server in place of them all."""

from __future__ import annotations

from typing import Final

from onitu.plug.http import Web

CONNECTIONS: Final = 16
"""How many requests are under way at once, at each host."""


class Hosts:
    """The hosts. May be used from any thread.

    Args:
        server: Address of another server, or None.

    Attributes:
        server: Address of another server, or None.
        api: Answers questions.
        content: Takes and gives files.
    """

    def __init__(self, server: str | None) -> None:
        self.server = server
        self.api = Web(server or "https://api.dropboxapi.com", connections=CONNECTIONS)
        self.content = Web(server or "https://content.dropboxapi.com", connections=CONNECTIONS)

    def close(self) -> None:
        """Closes the connections that nobody uses now."""
        for web in (self.api, self.content):
            web.close()
