"""Folder options at the folder, at the service and at the service's folder (CONTRACT B6-B11, B17)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from onitu.config import MappingSetup, Setup
from onitu.core.filters import Filter
from onitu.core.patterns import DEFAULT_IGNORES, Patterns

Load = Callable[[str], Setup]
FaultsOf = Callable[[str], list[str]]


def _mapping(load: Load, folder: str = "", service: str = "", mapping: str = "") -> MappingSetup:
    """Reads a setup with these options at the three levels."""
    setup = load(f"""
        name: x
        folders: {{one: {{{folder}}}}}
        services:
          a: {{folders: {{one: {{{mapping}}}}}, driver: memory{service and f", {service}"}}}
        """)
    return setup.services["a"].folders["one"]


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("audio", ("audio/*",)),
        ("audio/", ("audio/*",)),
        ("audio/*", ("audio/*",)),
        ("[audio, image/png]", ("audio/*", "image/png")),
        ("[]", ()),
        ("", ()),
    ],
)
def test_type(load: Load, text: str, types: tuple[str, ...]) -> None:
    """B8: one type or a list; an incomplete one stands for all below it; nothing accepts all."""
    filters = _mapping(load, folder=f"type: {text}").filters

    assert filters == ((Filter(level="folder 'one'", types=types),) if types else ())


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1000", 1000),
        ("0", 0),
        ("1k", 1000),
        ("'1.5M'", 1_500_000),
        ("1.5m", 1_500_000),
        ("2Ki", 2048),
        ("1GiB", 1 << 30),
        ("1TB", 10**12),
        ("10 kB", 10_000),
        ("1_000", 1000),
    ],
)
@pytest.mark.parametrize("key", ["min-size", "min_size", "max-size"])
def test_sizes(load: Load, key: str, text: str, size: int) -> None:
    """B9: bytes, or a number with a unit; decimals, either case and a trailing B are fine."""
    (found,) = _mapping(load, service=f"{key}: {text}").filters

    assert (found.min_size if key.startswith("min") else found.max_size) == size
    assert (found.max_size if key.startswith("min") else found.min_size) is None


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        ("'*.mp3'", ("*.mp3",)),
        ("['*.mp3', dir/*, /top, 2024]", ("*.mp3", "dir/*", "/top", "2024")),
        ("''", ()),
        ("[]", ()),
        ("", ()),
    ],
)
@pytest.mark.parametrize("key", ["blacklist", "whitelist"])
def test_patterns(load: Load, key: str, text: str, patterns: tuple[str, ...]) -> None:
    """B10: a list of patterns, or a single one; empty or missing means unused."""
    filters = _mapping(load, mapping=f"{key}: {text}").filters

    expected = [("folder 'one' of service 'a'", Patterns.of(patterns))] if patterns else []
    assert [(one.level, getattr(one, key)) for one in filters] == expected


def test_filters_add_up(load: Load) -> None:
    """B6: the filters of all three levels hold, each under its own name; those that say nothing are left out."""
    mapping = _mapping(load, "type: audio, max-size: 1M", "blacklist: '*.tmp'", "min-size: 10, whitelist: [in/*]")

    assert mapping.filters == (
        Filter(level="folder 'one'", types=("audio/*",), max_size=1_000_000),
        Filter(level="service 'a'", blacklist=Patterns.of(["*.tmp"])),
        Filter(level="folder 'one' of service 'a'", min_size=10, whitelist=Patterns.of(["in/*"])),
    )
    assert len(_mapping(load, "type: audio", "velocity: 1", "mode: r").filters) == 1


@pytest.mark.parametrize(
    ("folder", "service", "mapping", "kept"),
    [
        ("", "", "", False),
        ("keep", "", "", True),
        ("", "keep", "", True),
        ("", "", "keep", True),
        ("keep", "skip", "", False),
        ("skip", "keep", "", True),
        ("keep", "keep", "skip", False),
    ],
)
def test_symlinks(load: Load, folder: str, service: str, mapping: str, *, kept: bool) -> None:
    """B6, B11: of the levels that say something about symbolic links, the most specific holds."""
    levels = [value and f"symlinks: {value}" for value in (folder, service, mapping)]

    assert _mapping(load, *levels).symlinks == kept


@pytest.mark.parametrize(
    ("top", "folder", "ignored"),
    [
        ("", "", True),
        ("default-ignores: false", "", False),
        ("default_ignores: false", "{default_ignores: true}", True),
        ("", "{default-ignores: false}", False),
        ("default-ignores: true", "{default-ignores: }", True),
    ],
)
def test_default_ignores(load: Load, top: str, folder: str, *, ignored: bool) -> None:
    """B17: the names nobody wants to sync are left out, unless the folder or the top of the setup says otherwise."""
    setup = load(f"name: x\nfolders: {{one: {folder}}}\n{top}\n")

    assert setup.ignores("one") == (DEFAULT_IGNORES if ignored else ())


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("type: audio//x", "'type': "),
        ("type: [{a: b}]", "'type' must be a list of texts; a map is none"),
        ("max-size: 1X", "'max-size': '1X' is no size: write bytes, or a number with k, M, G, T, P"),
        ("max-size: -1", "'max-size': '-1' is less than nothing: a size is 0 or more"),
        ("max-size: -1K", "'max-size': '-1K' is less than nothing"),
        ("max-size: 1.5", "'max-size': '1.5' is no whole number of bytes"),
        ("min-size: true", "'min-size': 'true' is no size"),
        ("min-size: .inf", "'min-size': '.inf' is no size"),
        ("min-size: [1]", "'min-size' must be a size such as 1.5M, not a list"),
        ("min-size: 2M, max-size: 1M", "'max-size' '1M' is less than 'min-size' '2M': no file fits between them"),
        ("blacklist: ['*.a', '']", "'blacklist': the pattern '' is no good: it matches nothing"),
        ("blacklist: {a: b}", "'blacklist' must be a list of texts; a map is none"),
        ("whitelist: ../x", "'whitelist': the pattern '../x' is no good: it matches nothing"),
        ("whitelist: '[a'", "'whitelist': the pattern '[a' is no good: a '[' is never closed"),
        ("symlinks: follow", "'symlinks' is skip or keep, not 'follow'"),
        ("mode: wr", "'mode' is r, w, rw or none, not 'wr'; did you mean 'w'?"),
    ],
)
@pytest.mark.parametrize("level", ["folder", "service", "mapping"])
def test_faults(faults_of: FaultsOf, level: str, option: str, fault: str) -> None:
    """B6-B10: what is wrong is said at every level, with its place."""
    found = faults_of(f"""\
        name: x
        folders: {{one: {{{option if level == "folder" else ""}}}}}
        services:
          a: {{driver: memory{f", {option}" if level == "service" else ""}, folders: {{one:
            {{{option if level == "mapping" else ""}}}}}}}
        """)

    assert len(found) == 1
    assert found[0].startswith({"folder": "2:", "service": "4:", "mapping": "5:"}[level])
    assert fault in found[0]


@pytest.mark.parametrize("level", ["service", "mapping"])
def test_default_ignores_belong_to_the_folder(faults_of: FaultsOf, level: str) -> None:
    """B17: what is ignored is the same on all services of a folder."""
    at_service, at_mapping = ("default-ignores: false" if level == one else "mode: r" for one in ("service", "mapping"))
    service = f"a: {{driver: m, {at_service}, folders: {{one: {{{at_mapping}}}}}}}"

    (found,) = faults_of(f"name: x\nfolders: {{one: }}\nservices:\n  {service}\n")

    assert found.endswith("'default-ignores' belongs to the folder itself, or to the top of the setup")
