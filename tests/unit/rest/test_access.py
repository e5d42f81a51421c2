"""Who may ask: every case of CONTRACT E16."""

from __future__ import annotations

import pytest

from onitu.rest.access import Access, is_own_site

PORT = 3862


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:3862", "localhost", "LOCALHOST:3862", "[::1]", "[::1]:3862"),
        *("192.0.2.7", "192.0.2.7:3862", "[2001:db8::1]:3862"),
    ],
)
def test_our_hosts(host: str) -> None:
    """E16: this machine by its names, the bound address, and the one that was asked; with or without the port."""
    access = Access("192.0.2.7", PORT)

    assert access.is_ours(host, asked="2001:db8::1")
    assert access.is_own_page(f"http://{host}", asked="2001:db8::1")


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "127.0.0.1:80", "localhost:", "localhost.evil.example", "127.0.0.1.evil.example:3862"),
        *("evil.example:3862", "::1", "192.0.2.8", "127.0.0.1:3862:3862", "user@localhost", "localhost/"),
    ],
)
def test_foreign_hosts(host: str) -> None:
    """E16: any other name, address or port is foreign."""
    access = Access("127.0.0.1", PORT)

    assert not access.is_ours(host, asked="127.0.0.1")
    if "/" not in host:
        assert not access.is_own_page(f"http://{host}", asked="127.0.0.1")


@pytest.mark.parametrize(
    "origin", ["null", "", "localhost", "file://", "ftp://localhost", "http://[", "chrome://localhost"]
)
def test_foreign_origins(origin: str) -> None:
    """E16: what is no page of ours is foreign, an unknown origin too."""
    assert not Access("127.0.0.1", PORT).is_own_page(origin)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        *((None, True), ("same-origin", True), ("none", True)),
        *(("same-site", False), ("cross-site", False), ("", False), ("Same-Origin", False)),
    ],
)
def test_what_a_browser_says_of_who_asks(site: str | None, expected: bool) -> None:
    """E16: our page, and who types an address; another port of this host is another page; programs are mute."""
    assert is_own_site(site) is expected


@pytest.mark.parametrize("token", ["open sesame", "ünï 日本"])
def test_the_token_is_asked_for(token: str) -> None:
    """E16: with a token only who shows all of it is let in; without one everybody is."""
    access = Access("127.0.0.1", PORT, token)
    shown = token.encode().decode("latin-1")

    assert access.knows_token(f"Bearer {shown}")
    assert access.knows_token(f"bearer {shown}")
    part = f"Bearer {shown[:-1]}"
    for wrong in ("", shown, "Bearer", "Bearer ", part, f"Bearer {shown}x", f"Basic {shown}", "Bearer \u2603"):
        assert not access.knows_token(wrong)
    assert Access("127.0.0.1", PORT).knows_token("")
    assert token not in repr(access)


@pytest.mark.parametrize(
    ("host", "port", "place"),
    [
        ("127.0.0.1", PORT, "http://127.0.0.1:3862"),
        ("localhost", PORT, "http://localhost:3862"),
        ("::1", PORT, "http://[::1]:3862"),
        ("0.0.0.0", PORT, "http://127.0.0.1:3862"),  # noqa: S104 - nobody listens
        ("192.0.2.7", PORT, ""),
        ("127.0.0.1", 0, ""),
    ],
)
def test_where_a_browser_comes_back_to(host: str, port: int, place: str) -> None:
    """E16: only to this machine, and only where we listen."""
    assert Access(host, port).loopback == place
