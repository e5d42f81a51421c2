"""What a WebDAV server answers to changes, in the words of the contract."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import urllib3
from onitu_webdav.dav import Dav

from onitu.plug import OutcomeUnknown
from onitu.plug.http import Answer, Web

CHANGES: dict[str, Callable[[Dav], object]] = {
    "MOVE": lambda dav: dav.move("d", "e", directory=True),
    "DELETE": lambda dav: dav.ask("DELETE", "d", directory=True, repeat=True),
    "MKCOL": lambda dav: dav.ask("MKCOL", "d", directory=True),
    "PUT": lambda dav: dav.put("f", b"", 0, {}),
}


@pytest.fixture
def dav(monkeypatch: pytest.MonkeyPatch) -> Dav:
    """A server that has something to say of several resources, whatever it is asked."""

    def send(_self: Web, method: str, _target: str, **_request: object) -> Answer:
        return urllib3.HTTPResponse(b"<multistatus/>", status=207, request_method=method)

    monkeypatch.setattr(Web, "send", send)
    return Dav("http://host/dav", username=None, password=None)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_which_a_part_was_refused_is_no_success(dav: Dav, change: str) -> None:
    """P9: an answer with several statuses says that not everything was done, and what was not."""
    with pytest.raises(OutcomeUnknown):
        CHANGES[change](dav)


def test_a_listing_has_several_statuses(dav: Dav) -> None:
    """To a question that is what it should be."""
    assert dav.ask("PROPFIND", "d").status == 207
