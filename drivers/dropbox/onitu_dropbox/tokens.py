"""The tokens of a sign-in: one that lasts, and one for some hours that each request carries.

What lasts is the core's to keep; the other one lives here, and is made anew where Dropbox says that it has expired.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from onitu.plug import PermissionDenied, RateLimited, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onitu.plug.http import Web

_OK, _LIMITED, _SERVER = 200, 429, 500

_REVOKED: Final = frozenset(("invalid_grant", "invalid_client", "invalid_client_id", "unauthorized_client"))


class Tokens:
    """What a request carries to show who asks. May be used from any thread.

    Args:
        web: The host of the API.
        key: The app's.
        secret: The app's, or None.
        refresh: The token that lasts.
    """

    def __init__(self, web: Web, *, key: str, secret: str | None, refresh: str) -> None:
        self._web = web
        self._form = {"grant_type": "refresh_token", "refresh_token": refresh, **app(key, secret)}
        self._mutex = threading.Lock()
        self._access = ""

    def current(self, *, instead_of: str = "") -> str:
        """Returns an access token.

        Args:
            instead_of: One that is not good any more.

        Raises:
            Unauthenticated: Dropbox gives none: somebody has to sign in again.
        """
        with self._mutex:
            # Of several threads that find it expired, the first one makes another.
            if not self._access or self._access == instead_of:
                self._access = str(grant(self._web, self._form)["access_token"])
            return self._access


def app(key: str, secret: str | None) -> dict[str, str]:
    """Returns how an app names itself where it asks for tokens."""
    return {"client_id": key, **({"client_secret": secret} if secret else {})}


def grant(web: Web, form: Mapping[str, str]) -> dict[str, Any]:
    """Asks for tokens and returns what is given.

    Raises:
        Unauthenticated: They are refused.
        Unavailable: Dropbox does not answer.
    """
    body = urlencode(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
    # Not more is lost than a token that nobody has seen, so it may be asked for twice.
    answer = web.send("POST", "/oauth2/token", headers=headers, body=body, repeat=True)
    try:
        found = json.loads(answer.data)
    except ValueError:
        found = {}
    if answer.status == _OK and isinstance(found, dict) and "access_token" in found:
        return found
    reason = str(found.get("error", "")) if isinstance(found, dict) else ""
    message = f"Dropbox gives no token: {answer.status} {reason}".rstrip()
    if answer.status == _LIMITED:
        raise RateLimited(message)
    if answer.status >= _SERVER or answer.status == _OK:
        raise Unavailable(message)
    if reason in _REVOKED:
        raise Unauthenticated(f"{message}: sign in again, with `onitu service authorize` or on the page")
    raise PermissionDenied(message)
