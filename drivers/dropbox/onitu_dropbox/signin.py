"""How a person lets Onitu into an account: OAuth 2 with PKCE, https://developers.dropbox.com/oauth-guide.

The app is the person's own, registered with Dropbox. Nothing is kept between the two steps but what travels with them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from onitu.plug import DriverError, InvalidPath

from .hosts import Hosts
from .tokens import app, grant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onitu.core.manifest import OptionValue

_PAGE: Final = "https://www.dropbox.com"


def begin(options: Mapping[str, OptionValue], redirect_uri: str | None) -> tuple[str, bytes]:
    """Returns the address that the person opens, and what the second step needs."""
    if not options.get("app_key"):
        raise DriverError("an app key is needed to sign in: see docs/drivers/dropbox.md for how to get one")
    server = options.get("server")
    begun = {
        "key": str(options["app_key"]),
        "secret": _text(options.get("app_secret")),
        "server": _text(server),
        "verifier": secrets.token_urlsafe(64),
        "state": secrets.token_urlsafe(24),
        "redirect_uri": redirect_uri if options.get("redirect") is True else None,
    }
    challenge = hashlib.sha256(str(begun["verifier"]).encode()).digest()
    asked = {
        "client_id": begun["key"],
        "response_type": "code",
        "token_access_type": "offline",
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **({"redirect_uri": begun["redirect_uri"], "state": begun["state"]} if begun["redirect_uri"] else {}),
    }
    return f"{server or _PAGE}/oauth2/authorize?{urlencode(asked)}", json.dumps(begun).encode()


def finish(session: bytes, answer: str) -> tuple[dict[str, str], str]:
    """Returns what is kept of a sign-in, and whose account it is.

    Args:
        session: What the first step left.
        answer: The code, or the address that the browser came back to.

    Raises:
        InvalidPath: It is neither.
        Unauthenticated: Dropbox does not take it.
    """
    begun = json.loads(session)
    code = answer.strip()
    if "://" in code:
        query = parse_qs(urlsplit(code).query)
        if query.get("state") != [begun["state"]]:
            raise InvalidPath("this address is of another sign-in")
        code = query.get("code", [""])[0]
    if not code or any(letter.isspace() for letter in code):
        raise InvalidPath("this is no code: it is what Dropbox shows once you have agreed")
    hosts = Hosts(begun["server"])
    try:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": begun["verifier"]}
        if begun["redirect_uri"]:
            form["redirect_uri"] = begun["redirect_uri"]
        granted = grant(hosts.api, {**form, **app(begun["key"], begun["secret"])})
        if "refresh_token" not in granted:
            raise DriverError("Dropbox gives no token that lasts")
        return {"refresh_token": str(granted["refresh_token"])}, _account(hosts, granted)
    finally:
        hosts.close()


def _account(hosts: Hosts, granted: Mapping[str, object]) -> str:
    """Returns whose account it is: the address, as far as that is told, else its id."""
    headers = {"Authorization": f"Bearer {granted['access_token']}", "Content-Type": "application/json"}
    try:
        answer = hosts.api.send("POST", "/2/users/get_current_account", headers=headers, body=b"null", repeat=True)
        return str(json.loads(answer.data)["email"])
    except (DriverError, ValueError, KeyError, TypeError):
        return str(granted.get("account_id", ""))


def _text(value: OptionValue) -> str | None:
    return None if value is None else str(value)
