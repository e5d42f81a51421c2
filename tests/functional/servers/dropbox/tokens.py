"""Who may ask: the sign-in of OAuth 2 with PKCE, as https://developers.dropbox.com/oauth-guide describes it."""

from __future__ import annotations

import base64
import hashlib
import itertools
import threading
import time
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

import attrs

#: How everything begins that must be seen nowhere.
SECRET = "very-secret-"  # noqa: S105  Of nobody.

APP_KEY = "app-key-of-a-test"


class GrantRefused(Exception):
    """No token is given, with the reason as OAuth names it."""


@attrs.frozen
class _Asked:
    challenge: str
    redirect_uri: str | None


class Tokens:
    """The tokens of an app. May be used from any thread.

    Attributes:
        good_for: Seconds that an access token is good.
        refreshed: How often one was refreshed.
    """

    def __init__(self) -> None:
        self.good_for = 4 * 3600
        self.refreshed = 0
        self.refresh = {f"{SECRET}refresh-0"}
        self._mutex = threading.Lock()
        self._codes: dict[str, _Asked] = {}
        self._good: dict[str, float] = {}
        self._numbers = itertools.count(1)

    def is_good(self, token: str) -> bool:
        """Whether somebody may ask with an access token."""
        return self._good.get(token, 0) > time.monotonic()

    def was_given(self, token: str) -> bool:
        """Whether it was one ever."""
        return token in self._good

    def expire(self) -> None:
        """Lets no access token be good any more."""
        with self._mutex:
            self._good = dict.fromkeys(self._good, 0.0)

    def give(self) -> str:
        """Returns a new access token."""
        with self._mutex:
            token = f"{SECRET}access-{next(self._numbers)}"
            self._good[token] = time.monotonic() + self.good_for
            return token

    def agree(self, uri: str) -> tuple[str, str]:
        """Has the person agree at the address that was opened.

        Returns:
            The code that is shown, and where the browser goes, "" where it stays.
        """
        asked = {key: values[0] for key, values in parse_qs(urlsplit(uri).query).items()}
        right = {"client_id": APP_KEY, "response_type": "code", "code_challenge_method": "S256"}
        wrong = {key: asked.get(key) for key, value in right.items() if asked.get(key) != value}
        if wrong or asked.get("token_access_type") != "offline":
            raise GrantRefused(f"invalid_request: {wrong}")
        code = f"code-{next(self._numbers)}"
        back = asked.get("redirect_uri")
        self._codes[code] = _Asked(asked["code_challenge"], back)
        return code, f"{back}?{urlencode({'state': asked['state'], 'code': code})}" if back else ""

    def grant(self, form: Mapping[str, str]) -> dict[str, object]:
        """Answers a request for a token.

        Raises:
            GrantRefused: It is not granted.
        """
        if form.get("client_id") != APP_KEY:
            raise GrantRefused("invalid_client_id")
        if form.get("grant_type") == "refresh_token":
            if form.get("refresh_token") not in self.refresh:
                raise GrantRefused("invalid_grant")
            self.refreshed += 1
            return {"access_token": self.give(), "token_type": "bearer", "expires_in": self.good_for}
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or asked.redirect_uri != form.get("redirect_uri"):
            raise GrantRefused("invalid_grant")
        hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != asked.challenge:
            raise GrantRefused("invalid_grant")
        refresh = f"{SECRET}refresh-{next(self._numbers)}"
        self.refresh.add(refresh)
        return {
            "access_token": self.give(),
            "token_type": "bearer",
            "expires_in": self.good_for,
            "refresh_token": refresh,
            "scope": "account_info.read files.content.read files.content.write files.metadata.read",
            "uid": "1",
        }
