"""Where a setup is looked for, and where its data lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.config import Setup, data_directory, find_setup, slug
from onitu.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, and an empty working directory below it."""
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


def _setup(name: str, data_dir: Path | None = None) -> Setup:
    return Setup(path=Path("/onitu.yaml"), name=name, folders={}, services={}, data_dir=data_dir)


def test_given_setup_is_used(home: Path) -> None:
    """The file that was asked for is used, also when it is missing: the reader says so."""
    assert find_setup(home / "other.yaml") == home / "other.yaml"


def test_search_order(home: Path) -> None:
    """`./onitu.yaml` comes before the user's own."""
    users = home / ".config" / "onitu" / "onitu.yaml"
    users.parent.mkdir(parents=True)
    users.touch()

    assert find_setup(None) == users

    Path("onitu.yaml").touch()

    assert find_setup(None) == Path("onitu.yaml")


def test_no_setup(home: Path) -> None:
    """Where there is none, the places that were looked at are named, and how to begin."""
    with pytest.raises(ConfigError) as caught:
        find_setup(None)

    assert f"{home}/work/onitu.yaml" in str(caught.value)
    assert f"{home}/.config/onitu/onitu.yaml" in str(caught.value)
    assert "`onitu init`" in str(caught.value)


def test_data_directory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data lies where it was asked for, else in the user's state directory under a slug of the name."""
    setup = _setup("Example Configuration")

    assert data_directory(_setup("x", Path("/own")), Path("here")) == home / "work" / "here"
    assert data_directory(_setup("x", Path("/own")), None) == Path("/own")

    assert data_directory(setup, Path("here")) == home / "work" / "here"
    assert data_directory(setup, None) == home / ".local/state/onitu/example-configuration"

    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")

    assert data_directory(setup, None) == Path("/var/state/onitu/example-configuration")

    # The specification has it that a relative one is ignored.
    monkeypatch.setenv("XDG_STATE_HOME", "state")

    assert data_directory(setup, None) == home / ".local/state/onitu/example-configuration"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Example Configuration", "example-configuration"),
        ("quickstart", "quickstart"),
        ("  My  / Files!  ", "my-files"),
        ("../../etc", "etc"),
        ("Größe 名前", "grösse-名前"),
    ],
)
def test_slug(name: str, expected: str) -> None:
    """A slug is one short part of a path, and never one that leads elsewhere."""
    assert slug(name) == expected


@pytest.mark.parametrize("name", ["...", "!?", "x" * 100, "名" * 40])
def test_slug_of_names_with_little_or_too_much_in_them(name: str) -> None:
    """What cannot be told apart by its letters is told apart by its digest."""
    assert len(slug(name).encode()) < 100
    assert "/" not in slug(name)
    assert slug(name) != slug(f"{name}.")
