"""What can never have any effect is a warning of `onitu check` (CONTRACT B6, B8-B10, B17)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from onitu.config import Setup
from onitu.config.doubts import doubts

Load = Callable[[str], Setup]


def _doubts(load: Load, folder: str = "", service: str = "", mapping: str = "") -> list[str]:
    """Returns the warnings of a setup with these options at the three levels, each as "line: text"."""
    setup = load(f"""\
name: x
folders: {{one: {{{folder}}}, two: }}
services:
  a: {{driver: memory{service and f", {service}"}, folders: {{two: ,
    one: {{{mapping}}}}}}}
""")
    return [f"{found.place.line}: {found.text}" for found in doubts(setup)]


@pytest.mark.parametrize(
    ("option", "warning"),
    [
        ("type: audoi", "'audoi/*' matches no type of Onitu's table, and so no file; did you mean 'audio/*'?"),
        ("type: [audio, application/pfd]", "'application/pfd' matches no type of Onitu's table, and so no file; did"),
        ("whitelist: '*.mp3', blacklist: '*.mp3'", "'*.mp3' never comes into effect: the blacklist has '*.mp3', and"),
        ("whitelist: live/new/, blacklist: live/", "'live/new/' never comes into effect: the blacklist has 'live/'"),
        ("whitelist: '*.part'", "'*.part' never comes into effect: '*.part' is left out by default; 'default-ignores:"),
        ("whitelist: /.DS_Store", "'/.DS_Store' never comes into effect: '.DS_Store' is left out by default"),
    ],
)
@pytest.mark.parametrize("level", ["folder", "service", "mapping"])
def test_doubts(load: Load, level: str, option: str, warning: str) -> None:
    """B8, B10, B17: what can never match is said once, at its level."""
    (found,) = _doubts(load, **{level: option})

    assert found.startswith(f"{ {'folder': 2, 'service': 4, 'mapping': 5}[level] }: {warning}")


@pytest.mark.parametrize(
    ("folder", "service", "mapping", "warning"),
    [
        (
            "min-size: 2M",
            "",
            "max-size: 1M",
            "min-size 2M of folder 'one' and max-size 1M of folder 'one' of service 'a'",
        ),
        (
            "type: audio",
            "",
            "type: video",
            "no file passes type audio/* of folder 'one' and type video/* of folder 'one'",
        ),
    ],
)
def test_levels_that_leave_nothing(load: Load, folder: str, service: str, mapping: str, warning: str) -> None:
    """B6, B9: filters of several levels that together let nothing pass are a warning."""
    (found,) = _doubts(load, folder, service, mapping)

    assert found.startswith("5: folder 'one' of service 'a': no file ")
    assert warning in found


@pytest.mark.parametrize(
    ("folder", "service", "mapping"),
    [
        ("type: [audio, application/octet-stream, '*/pdf']", "type: audio", "type: [video, audio/mpeg]"),
        ("min-size: 1M", "", "max-size: 1M"),
        ("whitelist: '*.mp3', blacklist: live/*.mp3", "blacklist: '*.mp3'", ""),
        ("whitelist: '*.part', default-ignores: false", "", ""),
    ],
)
def test_no_doubts(load: Load, folder: str, service: str, mapping: str) -> None:
    """B6: what may well let something pass is not warned of."""
    assert _doubts(load, folder, service, mapping) == []
