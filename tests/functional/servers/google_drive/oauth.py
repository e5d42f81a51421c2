"""Who may ask: codes, tokens, keys of service accounts.

Sources: https://developers.google.com/identity/protocols/oauth2/native-app (code and PKCE, refresh) and
https://developers.google.com/identity/protocols/oauth2/service-account (a signed JWT for a token).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Json = dict[str, Any]

CLIENT = "client-of-the-tests.apps.googleusercontent.com"
SECRET = "not-a-secret"  # noqa: S105 - of nobody
SCOPE = "https://www.googleapis.com/auth/drive"

#: How all tokens begin: they must be seen nowhere.
TOKEN = "ya29.the-very-secret-"  # noqa: S105 - of nobody
REFRESH = "1//the-very-secret-"


class Refusal(Exception):
    """What Google answers to a request for a token that is not to be had: 400 and an error of OAuth's."""


class Accounts:
    """Codes and tokens that were given out.

    Attributes:
        lifetime: Seconds that a token is said to be good for.
    """

    def __init__(self) -> None:
        self.lifetime = 3_599
        self._mutex = threading.Lock()
        self._codes: dict[str, dict[str, str]] = {}
        self._refresh: set[str] = set()
        self._tokens: set[str] = set()
        self._keys: dict[str, rsa.RSAPublicKey] = {}

    # What people do.

    def sign_in(self) -> str:
        """Has the person sign in, and returns a refresh token."""
        token = REFRESH + secrets.token_urlsafe(24)
        self._refresh.add(token)
        return token

    def allow(self, uri: str) -> str:
        """Has the person agree at the address that was opened, and returns where the browser goes then."""
        query = {key: values[0] for key, values in parse_qs(urlsplit(uri).query).items()}
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert SCOPE in query["scope"]
        assert (query["access_type"], query["prompt"]) == ("offline", "consent")
        code = f"4/{secrets.token_urlsafe(24)}"
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'state': query['state'], 'code': code, 'scope': SCOPE})}"

    def expire(self) -> None:
        """Ends all tokens; those that refresh stay good."""
        with self._mutex:
            self._tokens.clear()

    def revoke(self) -> None:
        """Ends everything that was given out."""
        self.expire()
        self._refresh.clear()

    def service_account(self, token_uri: str) -> Json:
        """Makes the key of a service account, as Google's console hands it over."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = f"onitu-{secrets.token_hex(4)}@tests.iam.gserviceaccount.com"
        self._keys[name] = key.public_key()
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": "tests",
            "private_key_id": secrets.token_hex(20),
            "private_key": pem.decode(),
            "client_email": name,
            "client_id": "1",
            "token_uri": token_uri,
        }

    # What programs do.

    def is_good(self, header: str) -> bool:
        """Whether a request may be made."""
        return header.removeprefix("Bearer ") in self._tokens

    def new_token(self) -> str:
        """Returns a token that is good."""
        token = TOKEN + secrets.token_urlsafe(24)
        with self._mutex:
            self._tokens.add(token)
        return token

    def token(self, form: Mapping[str, str]) -> Json:
        """Answers the request for a token.

        Raises:
            Refusal: It is not to be had.
        """
        answer: Json = {"expires_in": self.lifetime, "scope": SCOPE, "token_type": "Bearer"}
        match form.get("grant_type"):
            case "authorization_code":
                self._check_code(form)
                answer["refresh_token"] = self.sign_in()
            case "refresh_token":
                self._check_client(form)
                if form.get("refresh_token") not in self._refresh:
                    raise Refusal("invalid_grant")
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                self._check_assertion(form.get("assertion", ""))
            case _:
                raise Refusal("unsupported_grant_type")
        return answer | {"access_token": self.new_token()}

    def _check_client(self, form: Mapping[str, str]) -> None:
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            raise Refusal("invalid_client")

    def _check_code(self, form: Mapping[str, str]) -> None:
        self._check_client(form)
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            raise Refusal("invalid_grant")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked.get("code_challenge_method") != "S256" or asked.get("code_challenge") != challenge:
            raise Refusal("invalid_grant")

    def _check_assertion(self, assertion: str) -> None:
        signed, _, signature = assertion.rpartition(".")
        claims = json.loads(_decoded(signed.partition(".")[2]))
        key = self._keys.get(claims.get("iss", ""))
        if key is None or SCOPE not in claims["scope"] or not claims["aud"].endswith("/token"):
            raise Refusal("invalid_grant")
        if not claims["iat"] - 300 < time.time() < claims["exp"] <= claims["iat"] + 3_600:
            raise Refusal("invalid_grant")
        try:
            key.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature as error:
            raise Refusal("invalid_grant") from error


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
