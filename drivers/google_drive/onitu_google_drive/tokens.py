"""Who asks: of a person's sign-in, or the key of a service account, come tokens that are good for an hour."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Final, Protocol

import urllib3
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.urllib3 import Request
from google.oauth2 import credentials, service_account

from onitu.plug import DriverError, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPE: Final = "https://www.googleapis.com/auth/drive"
"""All files: with `drive.file` a program sees none but those that it has made itself."""

TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  Where tokens come from.

NOBODY: Final = "nobody has signed in: `onitu service authorize`, or the page, does so"
NO_CLIENT: Final = (
    "`client_id` and `client_secret` are missing: Google's console makes them (docs/drivers/google_drive.md)"
)

_PATIENCE: Final = urllib3.Timeout(connect=10.0, read=30.0)


class _Credentials(Protocol):
    token: str | None

    def refresh(self, request: Request) -> None:
        """Gets a new token."""


class Tokens:
    """Tokens for one account. May be used from any thread.

    Args:
        options: Of the service.

    Raises:
        DriverError: The options name nobody.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        self._mutex = threading.Lock()
        self._request = Request(  # type: ignore[no-untyped-call]  # The library has types in part.
            urllib3.PoolManager(timeout=_PATIENCE, retries=False)
        )
        self._credentials = _credentials_of(options)

    def current(self) -> str:
        """Returns a token that is good as far as is known.

        Raises:
            Unauthenticated: There is none to be had.
            Unavailable: It cannot be asked for now.
        """
        with self._mutex:
            if self._credentials.token is None:
                self._refresh()
            return str(self._credentials.token)

    def renew(self, refused: str) -> None:
        """Gets a new token in place of one that was refused, unless there is another one by now."""
        with self._mutex:
            if self._credentials.token == refused:
                self._refresh()

    def _refresh(self) -> None:
        try:
            self._credentials.refresh(self._request)
        except TransportError as error:
            raise Unavailable(f"Google's server for signing in cannot be reached: {error}") from error
        except RefreshError as error:
            if error.retryable:
                raise Unavailable(f"Google gives no token now: {error}") from error
            raise Unauthenticated(f"Google does not accept the sign-in any more ({error}): {NOBODY}") from error
        except GoogleAuthError as error:
            raise Unauthenticated(f"Google does not accept the sign-in: {error}") from error


def _credentials_of(options: Mapping[str, object]) -> _Credentials:
    key, refresh = options["service_account"], options["refresh_token"]
    if key is not None:
        return _service_account(str(key), options["subject"])
    if options["client_id"] is None or options["client_secret"] is None:
        raise DriverError(NO_CLIENT)
    if refresh is None:
        raise Unauthenticated(NOBODY)
    base = options["api_url"]
    made: _Credentials = credentials.Credentials(  # type: ignore[no-untyped-call]  # The library has types in part.
        None,
        refresh_token=str(refresh),
        token_uri=TOKEN_URL if base is None else f"{base}/token",
        client_id=str(options["client_id"]),
        client_secret=str(options["client_secret"]),
    )
    return made


def _service_account(key: str, subject: object) -> _Credentials:
    try:
        made: _Credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            json.loads(key), scopes=[SCOPE], subject=subject
        )
    except (ValueError, GoogleAuthError) as error:
        raise DriverError(f"`service_account` is no key file of a service account: {error}") from error
    return made
