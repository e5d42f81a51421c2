"""The public helpers that drivers and tests of Onitu 0.1 know."""

from __future__ import annotations

import os
import signal
import tempfile

import pytest

from onitu import utils


@pytest.mark.parametrize(
    ("filename", "fid"),
    [
        ("toto", "91473751-8e49-5240-b03c-96547fcd86dc"),
        ("photos/foo.jpg", "0fe87082-01a2-5468-83f6-6171eb061fe4"),
        ("a/é.txt", "8d0aa09a-262a-58be-889a-6d8d4245c4d4"),
    ],
)
def test_fid_of_a_name_never_changes(filename: str, fid: str) -> None:
    """The vectors of the contract."""
    assert utils.get_fid(filename) == fid


@pytest.mark.parametrize(
    ("filename", "mimetype"),
    [
        ("a.jpg", "image/jpeg"),
        ("A.JPG", "image/jpeg"),
        ("dir.png/file", "application/octet-stream"),
        ("archive.tar.gz", "application/gzip"),
        (".png", "application/octet-stream"),
        ("file.", "application/octet-stream"),
        ("song.mp3", "audio/mpeg"),
        ("", "application/octet-stream"),
    ],
)
def test_mimetype_comes_from_the_name_alone(filename: str, mimetype: str) -> None:
    """B8: the shipped table decides; the last extension counts, in any case; what is unknown is a stream of bytes."""
    assert utils.get_mimetype(filename) == mimetype


def test_installed_drivers_are_found() -> None:
    """A driver is found by its entry point and gives its package (D1)."""
    package = utils.get_available_drivers()["memory"].load()
    assert callable(package.start)
    assert package.plug is not None


def test_at_exit_is_called_on_a_signal() -> None:
    """The callback gets its arguments when the process is asked to end."""
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)}
    calls: list[tuple[object, ...]] = []
    try:
        utils.at_exit(lambda *args, **kwargs: calls.append((args, kwargs)), 1, two=2)
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        for name, handler in kept.items():
            signal.signal(name, handler)
    assert calls == [((1,), {"two": 2})]


def test_temporary_directory_is_the_systems() -> None:
    """`TMPDIR` is looked up when it is asked for; other names are not there."""
    assert tempfile.gettempdir() == utils.TMPDIR
    with pytest.raises(AttributeError):
        _ = utils.NOTHING
