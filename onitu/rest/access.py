"""Who may ask (CONTRACT E16): pure, so that every case can be tried.

A browser lets any page send requests to 127.0.0.1, and any name point there. So a request must name us as its host, and
if it says which page it comes from, that must be ours. What a page only embeds names none, but browsers say that some
other page asks. Whoever shows the token may come from this machine only by
name, too: the token does not replace the rest. (Our own socket in a private directory needs no token: whoever can open
it owns all that Onitu has.)
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

import attrs

from onitu.loopback import is_loopback

#: Names of this machine that are always ours.
LOCAL = ("127.0.0.1", "localhost", "[::1]")


def bracketed(host: str) -> str:
    """Returns an address as it stands in a URL."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def is_own_site(site: str | None) -> bool:
    """Returns whether a `Sec-Fetch-Site` is no other page's, another one on this host among them.

    Args:
        site: What the browser says; None for what is no browser, or an old one.
    """
    return site in (None, "same-origin", "none")


@attrs.define
class Access:
    """What a request must show.

    Attributes:
        host: The address that is listened on.
        port: The port.
        token: What a caller must know, or None.
    """

    host: str = "localhost"
    port: int = 0
    token: str | None = attrs.field(default=None, repr=False)

    def is_ours(self, host: str, *, asked: str = "") -> bool:
        """Returns whether the `Host` of a request is one of ours.

        Args:
            host: What it names.
            asked: The address of this machine that it came to.
        """
        names = {*LOCAL, bracketed(self.host).casefold(), bracketed(asked).casefold()}
        names.discard("")
        return host.casefold() in names | {f"{name}:{self.port}" for name in names}

    def is_own_page(self, origin: str, *, asked: str = "") -> bool:
        """Returns whether an `Origin` is a page of ours. A page without an origin ("null") is none."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and self.is_ours(parts.netloc, asked=asked)

    @property
    def loopback(self) -> str:
        """Where a browser of this machine reaches us; "" where it cannot."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - it is compared
        return f"http://{bracketed(host)}:{self.port}" if self.port and is_loopback(host) else ""

    def is_known(self, *, nearby: bool) -> bool:
        """Returns whether a request that was let in is of whoever runs Onitu, and not of any user of this machine.

        Args:
            nearby: It came over the socket in our own directory.
        """
        return nearby or self.token is not None

    def knows_token(self, authorization: str) -> bool:
        """Returns whether an `Authorization` shows the token, in a time that does not tell how much of it is right."""
        if self.token is None:
            return True
        scheme, _, shown = authorization.partition(" ")
        # Headers are bytes that somebody has read as Latin-1.
        given = shown.strip().encode("latin-1", "replace")
        return hmac.compare_digest(given, self.token.encode()) and scheme.casefold() == "bearer"
