"""What Google refuses, the options that say nothing, and what a sign-in asks for."""

from __future__ import annotations

import json
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest
from onitu_google_drive import signin
from onitu_google_drive.exports import Exports
from onitu_google_drive.failures import failure_of
from onitu_google_drive.items import Item, item_of, time_ns, time_text
from onitu_google_drive.tokens import Tokens

from onitu.plug import (
    CursorExpired,
    DriverError,
    InvalidPath,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from onitu.plug.http import Answer

NOBODY: dict[str, object] = dict.fromkeys(
    ("client_id", "client_secret", "refresh_token", "service_account", "subject", "api_url")
)
CLIENT: dict[str, object] = {**NOBODY, "client_id": "me", "client_secret": "hush"}


class Refusal:
    """An answer as Google gives it."""

    reason = "No"

    def __init__(self, status: int, reason: str = "", location: str = "", after: str = "") -> None:
        self.status = status
        self.headers = {"Retry-After": after} if after else {}
        detail = {"domain": "global", "reason": reason, "message": "words", "location": location}
        self.data = json.dumps({"error": {"errors": [detail], "code": status, "message": "words"}}).encode()


def failure(refusal: Refusal, *, mutates: bool = False) -> DriverError:
    """Returns what a refusal is to Onitu."""
    return failure_of(cast("Answer", refusal), "file", mutates=mutates)


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (Refusal(429, "rateLimitExceeded"), RateLimited),
        (Refusal(403, "userRateLimitExceeded"), RateLimited),
        (Refusal(403, "dailyLimitExceeded"), RateLimited),
        (Refusal(403, "storageQuotaExceeded"), QuotaExceeded),
        (Refusal(403, "insufficientFilePermissions"), PermissionDenied),
        (Refusal(403, "accessNotConfigured"), Unauthenticated),
        (Refusal(401, "authError"), Unauthenticated),
        (Refusal(404, "notFound"), NotFound),
        (Refusal(400, "invalid", "pageToken"), CursorExpired),
        (Refusal(400, "invalid"), InvalidPath),
        (Refusal(500, "internalError"), Unavailable),
    ],
)
def test_a_refusal_is_what_its_reason_says(refusal: Refusal, kind: type[DriverError]) -> None:
    """D8: the reason counts more than the status, and Google's words are told."""
    found = failure(refusal)
    assert type(found) is kind
    assert str(found) == "file: words"


def test_a_write_that_failed_there_may_be_done() -> None:
    """D8: of a change that 5xx answers nobody knows; Google's time to wait is taken over."""
    assert type(failure(Refusal(500), mutates=True)) is OutcomeUnknown
    limited = failure(Refusal(429, after="7"))
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 7


def test_a_refusal_without_words_has_its_status() -> None:
    """D8: whatever a proxy on the way answers is told."""
    refusal = Refusal(502)
    refusal.data = b"<html>"
    assert "502" in str(failure(refusal))


def test_options_that_name_nobody_say_what_to_do() -> None:
    """E15: what is missing for a sign-in is named."""
    with pytest.raises(DriverError, match="client_id"):
        Tokens(NOBODY)
    with pytest.raises(Unauthenticated, match="nobody has signed in"):
        Tokens(CLIENT)
    with pytest.raises(DriverError, match="no key file"):
        Tokens({**NOBODY, "service_account": "{}"})
    with pytest.raises(DriverError, match="client_id"):
        signin.begin(NOBODY, None)


def test_a_sign_in_asks_for_a_token_that_lasts() -> None:
    """E15: with PKCE, and where no browser can come back to an address that the person can paste."""
    uri, session = signin.begin(CLIENT, None)
    query = {key: values[0] for key, values in parse_qs(urlsplit(uri).query).items()}
    assert uri.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert (query["access_type"], query["prompt"], query["code_challenge_method"]) == ("offline", "consent", "S256")
    assert query["redirect_uri"].startswith("http://127.0.0.1")
    assert "hush" not in uri
    for answer in (
        "",
        "two words",
        "http://127.0.0.1:1/authorized?code=1&state=other",
        f"http://x/?state={query['state']}",
    ):
        with pytest.raises(InvalidPath, match="paste"):
            signin.finish(session, answer)
    with pytest.raises(Unauthenticated, match="access_denied"):
        signin.finish(session, f"http://x/?state={query['state']}&error=access_denied")


def test_exports_are_those_that_google_has() -> None:
    """The option is read whole; what Google does not export is told with what it does."""
    exports = Exports("Docs: docx, sheets:ods", lambda _root, _path: None)
    document = Item(id="1", name="Letter", mime="application/vnd.google-apps.document")
    drawing = Item(id="2", name="Plan", mime="application/vnd.google-apps.drawing")
    assert (exports.name_of(document), exports.name_of(drawing)) == ("Letter.docx", "Plan")
    for option in ("docs", "docs: xlsx", "letters: docx"):
        with pytest.raises(DriverError, match="docs: docx"):
            Exports(option, lambda _root, _path: None)


def test_times_are_kept_with_milliseconds() -> None:
    """To the millisecond, before 1970 as well; what cannot be read is no time."""
    for nanoseconds in (0, 1_700_000_000_123_000_000, -1_500_000_000):
        assert time_ns(time_text(nanoseconds)) == nanoseconds
    assert time_ns("never") is None
    assert item_of({"id": "1"}).parent == ""
