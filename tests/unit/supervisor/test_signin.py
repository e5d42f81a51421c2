"""CONTRACT B12, E15: what a sign-in lets through, and where its credentials are put."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from onitu.errors import DriverError, InvalidPath, NotFound
from onitu.supervisor.signin import SignIn, with_credentials

STATE = "0123456789abcdef"


def begun(uri: str, *, taken: bool = False) -> SignIn:
    """Returns a sign-in that has begun."""
    one = SignIn("far", "http://127.0.0.1:1/authorized")
    one.begin(uri, lambda _: taken)
    return one


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "http://example.org/?state=x", "data:text/html,x", "", "//x"])
def test_no_browser_is_sent_just_anywhere(uri: str) -> None:
    """E16: an address is https, or on this machine; a driver cannot have the page run anything."""
    with pytest.raises(DriverError, match="no https address"):
        begun(uri)


@pytest.mark.parametrize(
    ("uri", "kept"),
    [
        (f"https://x.example/?state={STATE}", True),
        (f"http://127.0.0.1:7/?a=b&state={STATE}", True),
        ("https://x.example/?state=short", False),
        ("https://x.example/", False),
        (f"https://x.example/?state={STATE}&state={STATE}", False),
    ],
)
def test_a_state_is_one_that_nobody_guesses(uri: str, kept: bool) -> None:
    """E16: what the driver has put into the address is what a browser must bring back; else nobody can bring it."""
    assert (begun(uri).state == STATE) is kept
    assert len(begun(uri).state) >= len(STATE)
    assert begun(uri, taken=True).state != STATE


def test_nothing_secret_is_shown() -> None:
    """B12: neither the address nor the answer is in what a log would show."""
    one = begun(f"https://x.example/?state={STATE}&more=hush")
    one.bring("hush")
    assert "hush" not in repr(one)


async def test_an_answer_waits_for_who_wants_it() -> None:
    """E16: what a browser has left is not used before somebody asks for the end."""
    one = begun(f"https://x.example/?state={STATE}")
    one.bring("code")
    used = False

    async def use() -> None:
        nonlocal used
        assert await one.answer() == "code"
        used = True
        one.end(account="ada")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(use)
        await trio.testing.wait_all_tasks_blocked()
        assert not used
        await one.ended()
    assert one.account == "ada"
    one.end(refused=NotFound("late"))
    await one.ended()


async def test_everybody_hears_that_an_answer_is_none() -> None:
    """E15: a refusal is told to all who wait, and the next answer is taken."""
    one = begun(f"https://x.example/?state={STATE}")

    async def waits() -> None:
        with pytest.raises(InvalidPath):
            await one.ended()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits)
        nursery.start_soon(waits)
        await trio.testing.wait_all_tasks_blocked()
        one.refuse(InvalidPath("no"))
    one.bring("code")
    assert await one.answer() == "code"


def test_credentials_take_the_place_of_older_ones() -> None:
    """B3, B12: wherever they stood, and however they were spelled; nothing else is touched."""
    block = {"driver": "far", "refresh-token": 1, "root": "x", "options": {"access_token": 2, "more": 3}}

    found = with_credentials(block, {"refresh_token": "new", "access-token": "new"})

    assert found == {
        "driver": "far",
        "root": "x",
        "options": {"more": 3, "refresh_token": "new", "access-token": "new"},
    }
