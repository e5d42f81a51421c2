"""What waits for a person: conflicts and holds."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.window import Window, Windows
from tests.functional.harness import Onitu, Setups
from tests.functional.processes import Core


def _in_conflict(new_setup: Setups, **contents: tuple[bytes, bytes]) -> tuple[Onitu, Core]:
    """Starts a core whose two services have other contents of some files."""
    onitu = new_setup("laptop", "nas")
    for name, (one, other) in contents.items():
        path = name.replace("_", ".")
        (onitu["laptop"] / path).write_bytes(one)
        (onitu["nas"] / path).write_bytes(other)
    return onitu, onitu.serve()


def test_a_conflict_is_settled(new_setup: Setups, window: Window) -> None:
    """E15: two texts side by side; the one that is kept is on all services, the other on none."""
    texts = (
        b"Dear council,\n\nwe offer 12,000.\n\nMara\n",
        b"Dear council,\n\nwe offer 13,500 with the shed.\n\nMara\n",
    )
    onitu, core = _in_conflict(new_setup, offer_txt=texts)
    window.open(core)
    window.sees("1 file was changed on two sides")
    window.page.get_by_role("link", name="Choose").click()
    window.shows("Conflicts")
    window.sees("we offer 12,000.")
    window.sees("we offer 13,500 with the shed.")
    window.check("conflicts")
    window.press("Keep the content from nas")
    window.sees("No conflicts")
    core.wait_until(
        lambda: [dict(onitu.tree(name)).keys() for name in onitu.local] == [{"offer.txt"}] * 2, "one name is left"
    )
    assert [(onitu[name] / "offer.txt").read_bytes() for name in onitu.local] == [texts[1]] * 2


def test_both_contents_are_kept(new_setup: Setups, windows: Windows) -> None:
    """E15: what cannot be shown can be kept; a conflict that is left as it is waits for nobody any more."""
    onitu, core = _in_conflict(new_setup, data_bin=(b"\0one", b"\0two"))
    window = windows(phone=True)
    window.open(core, "conflicts")
    window.sees("This is no text.")
    window.check("conflicts")
    window.press("Keep both")
    window.sees("No conflicts")
    assert len(onitu.tree("nas")) == 2


def _with_losses(new_setup: Setups, window: Window) -> tuple[Onitu, Core]:
    """Has a service lose most of its files, and opens the page on that."""
    onitu = new_setup("laptop", "nas")
    for number in range(30):
        (onitu["laptop"] / f"photo {number:02}.jpg").write_text(str(number))
    core = onitu.serve()
    window.open(core, "holds")
    window.sees("Nothing is held")
    for number in range(28):
        (onitu["nas"] / f"photo {number:02}.jpg").unlink()
    window.sees("28 of 30 files are gone or empty")
    return onitu, core


def test_a_hold_is_restored(new_setup: Setups, window: Window) -> None:
    """E15: what would be deleted is shown, and brought back on a person's word."""
    onitu, core = _with_losses(new_setup, window)
    window.sees("photo 07.jpg")
    window.check("holds")
    window.press("Restore")
    window.press("Restore", within=window.page.get_by_role("dialog"))
    window.sees("Nothing is held")
    onitu.converge(core)
    assert len(onitu.tree("nas")) == 30


def test_a_hold_is_approved(new_setup: Setups, window: Window) -> None:
    """E15: an approval is asked about once more, can be taken back there, and is then carried out."""
    onitu, core = _with_losses(new_setup, window)
    dialog = window.page.get_by_role("dialog")
    window.press("Approve")
    window.check("holds-approve")
    window.press("Cancel", within=dialog)
    expect(dialog).to_have_count(0)
    assert len(onitu.tree("laptop")) == 30
    window.press("Approve")
    window.press("Let them through", within=dialog)
    window.sees("Nothing is held")
    onitu.converge(core)
    assert len(onitu.tree("laptop")) == 2
