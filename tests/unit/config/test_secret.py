"""Secrets that stand in the environment or in a file (CONTRACT B12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from onitu.config.secret import Given, Reference, is_open_to_others, revealed
from onitu.core.manifest import Manifest, Option, OptionType
from onitu.errors import ConfigError

MANIFEST = Manifest(
    name="x",
    description="Joins.",
    options=(
        Option(key="host", name="Host", description="Where.", type=OptionType.STRING),
        Option(key="pass_word", name="Password", description="What.", type=OptionType.STRING, secret=True),
        Option(key="pin", name="Pin", description="What.", type=OptionType.INTEGER, secret=True),
        Option(key="share", name="Share", description="What.", type=OptionType.FLOAT, secret=True),
    ),
)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and files with secrets in them."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ONITU_TEST_SECRET", "hush")
    monkeypatch.setenv("ONITU_TEST_PIN", "0042")
    monkeypatch.setenv("ONITU_TEST_SHARE", "0.5")
    monkeypatch.setenv("ONITU_TEST_EMPTY", "")
    (tmp_path / "home").mkdir()
    for name, content in {
        "plain": b"hush",
        "home/line": b"hush\n",
        "windows": b"hush\r\n",
        "two": b" hush\n\n",
        "mark": b"\xef\xbb\xbfhush",
        "empty": b"\n",
        "binary": b"hush\xff",
        "large": b"hush" * 20_000,
    }.items():
        (tmp_path / name).write_bytes(content)


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("pass-word", Reference("env", "ONITU_TEST_SECRET"), "hush"),
        ("pass_word", Reference("file", "plain"), "hush"),
        ("pass_word", Reference("file", "~/line"), "hush"),
        ("pass_word", Reference("file", "windows"), "hush"),
        ("pass_word", Reference("file", "two"), " hush\n"),
        ("pass_word", Reference("file", "mark"), "hush"),
        ("pin", Reference("env", "ONITU_TEST_PIN"), 42),
        ("share", Reference("env", "ONITU_TEST_SHARE"), 0.5),
        ("pin", Reference("env", "ONITU_TEST_SECRET"), "hush"),
        ("host", "nas", "nas"),
        ("unknown", Reference("env", "ONITU_TEST_SECRET"), ""),
    ],
)
def test_found(tmp_path: Path, key: str, given: Given, value: object) -> None:
    """B12: what stands in the variable or the file, as text or as the number that is asked for; nothing for nobody."""
    assert revealed({key: given}, MANIFEST, tmp_path) == {key: value}


@pytest.mark.parametrize(
    ("key", "kind", "name", "fault"),
    [
        (
            "pin",
            "env",
            "ONITU_TEST_NONE",
            "Option 'pin' has no value: the environment variable ONITU_TEST_NONE is not set.",
        ),
        ("pin", "env", "ONITU_TEST_EMPTY", "the environment variable ONITU_TEST_EMPTY is empty."),
        ("pin", "file", "none", "none cannot be read: No such file or directory."),
        ("pin", "file", "home", "home cannot be read: Is a directory."),
        ("pin", "file", "empty", "empty is empty."),
        ("pin", "file", "binary", "binary is not UTF-8 text."),
        ("pin", "file", "large", "large is larger than 65536 bytes."),
        ("host", "env", "ONITU_TEST_SECRET", "Option 'host' is no secret: only a secret may be given as {env: ONITU_"),
    ],
)
def test_not_found(tmp_path: Path, key: str, kind: str, name: str, fault: str) -> None:
    """B12: a missing variable or file is said by name; only secrets may stand elsewhere; no secret is shown."""
    with pytest.raises(ConfigError) as caught:
        revealed({key: Reference(kind, name)}, MANIFEST, tmp_path)

    assert fault in str(caught.value)
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_all_that_is_missing(tmp_path: Path) -> None:
    """B16: all secrets that are missing are named together."""
    options = {"pass_word": Reference("file", "none"), "pin": Reference("env", "ONITU_TEST_NONE")}

    with pytest.raises(ConfigError) as caught:
        revealed(options, MANIFEST, tmp_path)

    assert len(str(caught.value).splitlines()) == 2


def test_open_to_others(tmp_path: Path) -> None:
    """B12: a file is open to others if its group or everybody may read it."""
    path = tmp_path / "plain"
    found = []
    for mode in (0o600, 0o640, 0o604, 0o700):
        path.chmod(mode)
        found.append(is_open_to_others(path))

    assert found == [False, True, True, False]
    assert not is_open_to_others(tmp_path / "none")
