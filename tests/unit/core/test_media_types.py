"""Media types from names."""

from __future__ import annotations

import re

import pytest

from onitu.core.media_types import (
    TYPES,
    UNKNOWN_TYPE,
    extension_of,
    media_type,
    normalise_type,
    type_matches,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("song.mp3", "audio/mpeg"),
        ("SONG.MP3", "audio/mpeg"),
        ("a/b.c/song.flac", "audio/flac"),
        ("photo.jpg", "image/jpeg"),
        ("film.mkv", "video/matroska"),
        ("film.avi", "video/vnd.avi"),
        ("report.pdf", "application/pdf"),
        ("notes.txt", "text/plain"),
        ("x.tar.gz", "application/gzip"),
        ("x.mp3.part", UNKNOWN_TYPE),
        ("dir.png/file", UNKNOWN_TYPE),
        (".png", UNKNOWN_TYPE),
        ("a/.png", UNKNOWN_TYPE),
        ("file.", UNKNOWN_TYPE),
        ("mp3", UNKNOWN_TYPE),
        ("x.nobody-knows", UNKNOWN_TYPE),
        ("", UNKNOWN_TYPE),
    ],
)
def test_type_comes_from_the_name_alone(name: str, kind: str) -> None:
    """B8: the last extension counts, in any case; what the table does not have is a stream of bytes."""
    assert kind == media_type(name)


def test_the_table_is_sound() -> None:
    """B8: an extension has one type, so that two machines agree; types are complete and written in small letters."""
    extensions = [extension for extensions in TYPES.values() for extension in extensions.split()]

    assert len(extensions) == len(set(extensions)) > 400
    assert [extension for extension in extensions if extension_of(f"x.{extension}") != extension] == []
    assert [kind for kind in TYPES if not re.fullmatch(r"[a-z]+/[a-z0-9][a-z0-9.+-]*", kind)] == []
    assert [kind for kind in TYPES if normalise_type(kind) != kind] == []


@pytest.mark.parametrize(
    ("name", "extension"),
    [("a.PDF", "pdf"), ("a.tar.gz", "gz"), (".profile", ""), ("a.b/c", ""), ("a.", ""), ("..a", "a"), ("", "")],
)
def test_extension_is_the_last_one(name: str, extension: str) -> None:
    """C1: the extension is the last one of the name, in any case; a name that begins with its only dot has none."""
    assert extension == extension_of(name)


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("audio", "audio/*"),
        ("audio/", "audio/*"),
        ("audio/*", "audio/*"),
        ("Audio/MPEG", "audio/mpeg"),
        (" audio ", "audio/*"),
        ("*", "*/*"),
        ("*/*", "*/*"),
        ("application/vnd.ms-*", "application/vnd.ms-*"),
        ("image/[jp]*", "image/[jp]*"),
        ("image/svg+xml", "image/svg+xml"),
        ("audio/?p4", "audio/?p4"),
    ],
)
def test_incomplete_types_are_made_whole(written: str, whole: str) -> None:
    """B8: `audio`, `audio/`, `audio/*` are equal, globs stay, and what is whole stays as it is."""
    assert whole == normalise_type(written)
    assert whole == normalise_type(whole)


@pytest.mark.parametrize("written", ["", " ", "/", "/mpeg", "a/b/c", "audio mpeg", "text/plain; charset=utf-8", "é/x"])
def test_garbage_is_no_type(written: str) -> None:
    """B8: what is no type is an error, which says how one is written."""
    with pytest.raises(ValueError, match=r"write one as in 'audio/mpeg'"):
        normalise_type(written)


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("audio/mpeg", ["audio"], True),
        ("audio/mpeg", ["audio/mpeg"], True),
        ("audio/mpeg", ["audio/mp*"], True),
        ("audio/mpeg", ["audio/mp4"], False),
        ("audio/mpeg", ["image", "audio"], True),
        ("audio/mpeg", ["image", "video"], False),
        ("audio/mpeg", ["*"], True),
        ("audio/mpeg", ["*/mpeg"], True),
        ("video/mpeg", ["*/mpeg"], True),
        ("image/svg+xml", ["image/svg+xml"], True),
        ("application/vnd.ms-excel", ["application/vnd.ms-*"], True),
        (UNKNOWN_TYPE, ["application"], True),
        ("audio/mpeg", [], False),
    ],
)
def test_types_match(kind: str, written: list[str], expected: bool) -> None:
    """B8: one of a list is enough; globs work."""
    assert expected == type_matches(kind, tuple(map(normalise_type, written)))
