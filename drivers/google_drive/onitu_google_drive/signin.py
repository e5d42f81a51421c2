"""How a person signs in: OAuth for installed applications, with PKCE, and a client of the person's own.

Source: https://developers.google.com/identity/protocols/oauth2/native-app. Google sends the browser to an address on
this host. Where nobody listens there the browser says so, and the address that it shows is what the person pastes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from onitu.plug import DriverError, InvalidPath, Unauthenticated, Unavailable
from onitu.plug.http import Web

from .api import URL, Api
from .tokens import NO_CLIENT, SCOPE, TOKEN_URL, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONSENT: Final = "https://accounts.google.com/o/oauth2/v2/auth"
_NOWHERE: Final = "http://127.0.0.1:1/authorized"
"""Nobody listens there."""

_OK: Final = 200
_REFUSED: Final = 400


def begin(options: Mapping[str, object], redirect_uri: str | None) -> tuple[str, bytes]:
    """Returns the address that the person opens, and what the second step needs.

    Raises:
        DriverError: There is no client to sign in with.
    """
    if options.get("client_id") is None or options.get("client_secret") is None:
        raise DriverError(NO_CLIENT)
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    back = redirect_uri or _NOWHERE
    query = {
        "client_id": str(options["client_id"]),
        "redirect_uri": back,
        "response_type": "code",
        "scope": SCOPE,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        # Only then is there a token that refreshes, each time.
        "access_type": "offline",
        "prompt": "consent",
    }
    base = options.get("api_url")
    consent = _CONSENT if base is None else f"{base}/o/oauth2/v2/auth"
    session = {"state": state, "verifier": verifier, "back": back, "options": dict(options)}
    return f"{consent}?{urlencode(query)}", json.dumps(session).encode()


def finish(session: bytes, answer: str) -> tuple[dict[str, str], str]:
    """Returns the credentials by their options, and whose account it is.

    Raises:
        InvalidPath: The answer is none.
        Unauthenticated: Google refuses it.
    """
    begun = json.loads(session)
    options = begun["options"]
    found = _exchange(begun, _code_in(answer.strip(), begun["state"]))
    if "refresh_token" not in found:
        raise Unauthenticated(
            "Google gave no token that lasts: take Onitu's access away in the account, and sign in again"
        )
    refresh = str(found["refresh_token"])
    api = Api(
        Tokens({**options, "refresh_token": refresh, "service_account": None}), str(options.get("api_url") or URL)
    )
    try:
        about = api.ask("GET", "about", about="the account", query={"fields": "user(emailAddress)"})
    finally:
        api.close()
    return {"refresh_token": refresh}, str(about["user"]["emailAddress"])


def _code_in(answer: str, state: str) -> str:
    """Returns the code of an answer: the code itself, or the whole address that the browser came back to."""
    if "://" not in answer:
        if not answer or any(sign.isspace() for sign in answer):
            raise InvalidPath("this is no code: paste the whole address that the browser shows in the end")
        return answer
    query = parse_qs(urlsplit(answer).query)
    if query.get("state") != [state]:
        raise InvalidPath("this address is of another sign-in: paste the one that the browser shows in the end")
    if "error" in query:
        raise Unauthenticated(f"Google says that it was not agreed to: {query['error'][0]}")
    if "code" not in query:
        raise InvalidPath("there is no code in this address: paste the one that the browser shows in the end")
    return query["code"][0]


def _exchange(begun: Mapping[str, object], code: str) -> dict[str, object]:
    options = begun["options"]
    assert isinstance(options, dict)  # noqa: S101  Here we know: `begin` has put it there.
    base = options.get("api_url")
    url = TOKEN_URL if base is None else f"{base}/token"
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": str(options["client_id"]),
        "client_secret": str(options["client_secret"]),
        "redirect_uri": str(begun["back"]),
        "code_verifier": str(begun["verifier"]),
    }
    web = Web(url)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = web.send("POST", urlsplit(url).path, headers=headers, body=urlencode(form).encode())
    finally:
        web.close()
    if _REFUSED <= answer.status < _REFUSED + 100:
        raise Unauthenticated(f"Google refuses the code ({answer.data[:200].decode(errors='replace')}): begin again")
    if answer.status != _OK:
        raise Unavailable(f"Google answers {answer.status} when asked for a token: try again")
    found = json.loads(answer.data)
    return found if isinstance(found, dict) else {}
