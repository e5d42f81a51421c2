"""What a setup must not hold: each fault with its place, all of a file at once (CONTRACT B16)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from onitu.config import load_setup
from onitu.config.keys import FOLDER, MAPPING, SERVICE
from onitu.core.manifest import RESERVED
from onitu.errors import ConfigError

FaultsOf = Callable[[str], list[str]]

FORMS = "'driver' is a name, {command: [program, arguments]} or {address: HOST:PORT, tls: {...}}"
LATER = "is not part of this version of Onitu yet; take it out to go on without it"


def test_all_faults_at_once(faults_of: FaultsOf) -> None:
    """B16: every fault of a file, in its order, with line and column."""
    assert faults_of("""\
        nam: x
        folders:
          one: {mod: r}
        services:
          a: {driver: memory, velocity: 7, folders: {oen: , one: {path: ../x, mode: wr}}}
          b: {folders: [one]}
        """) == [
        "1:1: unknown key 'nam' in a setup; did you mean 'name'?",
        "3:9: unknown key 'mod' in a folder; did you mean 'mode'?",
        "5:33: 'velocity' must be a number from 0 to 1 (fastest), not '7'",
        "5:46: folder 'oen' is not declared under 'folders'; did you mean 'one'?",
        "5:65: 'path' must not leave the service's root: no '..', no NUL ('../x')",
        "5:77: 'mode' is r, w, rw or none, not 'wr'; did you mean 'w'?",
        "6:3: 'b' has no 'driver'",
        "6:16: 'folders' of service 'b' must be a map, not a list",
    ]


@pytest.mark.parametrize(
    ("top", "fault"),
    [
        ("colour: x", "unknown key 'colour' in a setup"),
        ("data_dir: [x]", "'data-dir' must be the path of a directory, not a list"),
        ("api: {token: {}}", "'token' must be a text, {env: NAME} or {file: PATH}"),
        ("api: {prot: 1}", "unknown key 'prot' in 'api'; did you mean 'port'?"),
        ("api: {port: 70000}", "'port' must be a number from 1 to 65535, not '70000'"),
        ("api: {port: web}", "'port' must be a number from 1 to 65535, not 'web'"),
        ("api: {host: 'http://x'}", "'host' must be an address to listen on, such as 127.0.0.1, not 'http://x'"),
        ("notify: {url: 'http://x'}", "'notify' must be a list of {command: [...]} or {url: ...}, not a map"),
        ("notify: [{}]", "a notification is either {command: [program, arguments]} or {url: ...}"),
        ("notify: [{url: 'http://x', command: x}]", "a notification is either {command: [program, arguments]} or"),
        ("notify: [{url: 'ftp://x'}]", "'url' must begin with http:// or https:// and name a host"),
        ("notify: [{url: 'http://['}]", "'url' must begin with http:// or https:// and name a host"),
        ("notify: [{command: []}]", "'command' must name a program"),
        ("notify: [{mail: x}]", "unknown key 'mail' in a notification"),
        ("folders: [one]", "'folders' must be a map, not a list"),
        ("services: yes", "'services' must be a map, not 'yes'"),
        ("folders: {a/b: }", "the name of a folder must not be '.', '..' or '.onitu', nor hold a '/': 'a/b'"),
        ("folders: {..: }", "the name of a folder must not be '.', '..' or '.onitu', nor hold a '/': '..'"),
        ('folders: {"a\\tb": }', "the name of a folder must be a printable text: 'a\\tb'"),
        (f"folders: {{{'ü' * 51}: }}", "the name of a folder is longer than 100 bytes"),
        ("folders: {a: {keep: {days: long}}}", "'days' must be a number of days, or forever, not 'long'"),
        ("folders: {a: {keep: {day: 1}}}", "unknown key 'day' in 'keep'; did you mean 'days'?"),
        ("folders: {a: {conflict: oldest}}", "'conflict' is keep-both, newest or {prefer: [services]}, not 'oldest'"),
        ("folders: {a: {conflict: newst}}", "not 'newst'; did you mean 'newest'?"),
        ("folders: {a: {conflict: {prefer: []}}}", "'prefer' needs at least one service"),
        ("folders: {a: {conflict: {prefer: [x]}}}", "'prefer' names 'x', which is no service"),
        ("folders: {a: {conflict: {prefers: x}}}", "unknown key 'prefers' in 'conflict'; did you mean 'prefer'?"),
        (
            "folders: {a: {adopt: size}}",
            "'adopt' is digest or size-mtime, not 'size'",
        ),
        ("default-ignores: maybe", "'default-ignores' must be true or false, not 'maybe'"),
        ("folders: {a: {mode: [r]}}", "'mode' is r, w, rw or none, not a list"),
        ("folders: {a: , a: }", "'a' stands here twice, first in line 2"),
        ("folders: {[a]: }", "a key must be a text, not a map or a list"),
    ],
)
def test_faults_of_the_top_and_of_folders(faults_of: FaultsOf, top: str, fault: str) -> None:
    """B1, B2, B11: one thing wrong is one fault, and says what would be right."""
    found = faults_of(f"name: x\n{top}\n")

    assert len(found) == 1
    assert found[0].startswith("2:")
    assert fault in found[0]


@pytest.mark.parametrize("name", ["", "name:", "name: ''", "name: ' '", 'name: "a\\nb"', "name: [a]"])
def test_name_is_mandatory(faults_of: FaultsOf, name: str) -> None:
    """B1: a setup needs a name, any printable text."""
    found = faults_of(f"{name}\nfolders:\n")

    assert len(found) == 1
    assert "'name'" in found[0]


@pytest.mark.parametrize(
    ("service", "fault"),
    [
        ("{}", "'a' has no 'driver'"),
        ("{driver: [x]}", f"{FORMS}, not a list"),
        ("{driver: {}}", FORMS),
        ("{driver: {command: []}}", "'command' must name a program"),
        ("{driver: {command: [x, {}]}}", "'command' must be a list of texts; a map is none"),
        ("{driver: {comand: x}}", "unknown key 'comand' in a driver; did you mean 'command'?"),
        (
            "{driver: {address: 'nas:70000', insecure: true}}",
            "'address' must be HOST:PORT or unix:PATH, not 'nas:70000'",
        ),
        ("{driver: {address: 4000}}", "'address' must be HOST:PORT or unix:PATH, not '4000'"),
        ("{driver: {address: 'unix:'}}", "'address' must be HOST:PORT or unix:PATH, not 'unix:'"),
        ("{driver: {address: 'unix:x', tls: {ca: a, certificate: b, key: c}}}", "'tls' is for HOST:PORT: a socket is"),
        ("{driver: {address: 'nas:1', tls: [x]}}", "'tls' must be a map, not a list"),
        (
            "{driver: {address: 'nas:1', tls: {ca: [], certificate: b, key: c}}}",
            "'ca' must be the name of a file, not a list",
        ),
        (
            "{driver: {address: 'nas:1', tls: {ca: a, certificate: b, key: c, name: 1}}}",
            "'name' must be the name in the driver's certificate, not '1'",
        ),
        ("{driver: {address: '127.0.0.1:1', insecure: maybe}}", "'insecure' must be true or false, not 'maybe'"),
        ("{driver: m, root: 1, options: {root: 1}}", "option 'root' stands here and beside 'driver' (line 4)"),
        ("{driver: m, options: [x]}", "'options' must be a map, not a list"),
        ("{driver: m, host: [x]}", "option 'host' must be a number, a text, true or false, not a list"),
        ("{driver: m, key: {env: KEY, file: x}}", "option 'key' has both 'env' and 'file': one of them is enough"),
        ("{driver: m, key: {env: }}", "'env' must be the name of a variable of the environment, not nothing"),
        ("{driver: m, key: {file: [x]}}", "'file' must be the name of a file, not a list"),
        ("{driver: m, key: {vault: x}}", "option 'key' must be a number, a text, true or false, not a map"),
        ("{driver: m, blacklst: [x]}", "true or false, not a list; did you mean 'blacklist'?"),
        ("{driver: m, velocity: fast}", "'velocity' must be a number from 0 to 1 (fastest), not 'fast'"),
        ("{driver: m, velocity: true}", "'velocity' must be a number from 0 to 1 (fastest), not 'true'"),
        ("{driver: m, chunk_size: 0}", "'chunk-size' is 1 byte to 1Mi, the most that fits, not '0'"),
        ("{driver: m, chunk-size: 2M}", "'chunk-size' is 1 byte to 1Mi, the most that fits, not '2M'"),
        ("{driver: m, chunk-size: x}", "'chunk-size': 'x' is no size"),
        ("{driver: m, changes_timer: 0}", "'changes-timer' must be a number of seconds, more than 0, not '0'"),
        ("{driver: m, changes_timer: 1 min}", "'changes-timer' must be a number of seconds, more than 0, not '1 min'"),
        ("{driver: m, min-free: 1G}", f"'min-free' {LATER}"),
        ("{driver: m, schedule: night}", "'night' is no span of time"),
        ("{driver: m, bandwidth: {up: 0}}", "'up' must be more than 0 bytes per second; 'schedule' says when nothing"),
        ("{driver: m, conflict: newer}", "'conflict' is keep-both, newest or {prefer: [services]}, not 'newer'"),
        ("{driver: m, folders: {one: {path: /x}}}", "write it without the first '/' ('/x')"),
        ("{driver: m, folders: {one: {path: a/../b}}}", "no '..', no NUL ('a/../b')"),
        ("{driver: m, folders: {one: {path: .onitu/x}}}", "where Onitu keeps its own files ('.onitu/x')"),
        ("{driver: m, folders: {one: {path: ''}}}", "'path' must be a text ('.' is the service's root), not ''"),
        ("{driver: m, folders: {one: [x]}}", "folder 'one' of service 'a' must be a map, not a list"),
        ("{driver: m, adopt: digest, ADOPT: 1, <<: 3}", "'<<' takes a map or a list of maps"),
        ("{driver: m, when: !!python/name:os.system ''}", "a '!' begins a tag, which a setup cannot hold"),
    ],
)
def test_faults_of_a_service(faults_of: FaultsOf, service: str, fault: str) -> None:
    """B3-B7, B11, B12: one thing wrong is one fault, and says what would be right."""
    found = faults_of(f"name: x\nfolders: {{one: }}\nservices:\n  a: {service}\n")

    assert len(found) == 1
    assert found[0].startswith("4:")
    assert fault in found[0]


@pytest.mark.parametrize(
    ("one", "two", "overlap"),
    [
        ("x", "x", True),
        (".", "x", True),
        ("x", "x/y", True),
        ("x/y", "x", True),
        ("x", "xy", False),
        ("x/y", "x/z", False),
        ("x", "{path: x, mode: none}", False),
    ],
)
def test_overlapping_folders(
    faults_of: FaultsOf, load: Callable[[str], object], one: str, two: str, *, overlap: bool
) -> None:
    """B14: two folders of one service that share files are refused."""
    text = f"name: x\nfolders: {{one: , two: }}\nservices: {{a: {{driver: m, folders: {{one: {one}, two: {two}}}}}}}"
    if not overlap:
        load(text)
        return

    found = faults_of(text)

    assert len(found) == 1
    assert "they would feed each other" in found[0]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name: [x", "1:7: this is not YAML: this '[' is never closed"),
        ("name: {x", "1:7: this is not YAML: this '{' is never closed"),
        ("name: 'x\nfolders:", "1:7: this is not YAML: this quote is never closed"),
        ("name: [x\nfolders:", "2:8: this is not YAML: a ',' or ']' is missing before this"),
        ("name: x\n\tfolders:", "2:1: this is not YAML: it indents with spaces, never with tabs"),
        ("name: x\n---\nname: y", "2:1: this is not YAML: a setup is one document: take out the '---'"),
        ("name: *hush", "1:7: this is not YAML: a '*' begins an alias, and there is none"),
        ("name: @hush", "1:7: this is not YAML: a text that begins with '@' needs quotes"),
        ("name: !hush x", "1:7: a '!' begins a tag, which a setup cannot hold"),
        ("name: !!int hush", "1:7: this cannot be read as 'int'; a text needs quotes"),
        ("name: !!bool hush", "1:7: this cannot be read as 'bool'; a text needs quotes"),
        ("name: a: b", "1:8: this is not YAML: this ':' does not fit"),
        ("name: 'x' hush", "1:11: this is not YAML: this does not belong here: the value ends before it"),
        ("folders:\n  a: {}\n b: {}", "3:2: this is not YAML: this is indented unlike the lines above it"),
        ("- name\nfolders:", "2:1: this is not YAML: a list and a map are mixed here"),
        ("name: x\x00", "a setup may not hold the character U+0000"),
        ("- x", "a setup must be a map, not a list"),
        ("hello", "a setup must be a map, not 'hello'"),
        ("name: &a [*a]", "nested too deeply or repeats itself by aliases"),
    ],
)
def test_text_that_is_no_setup(faults_of: FaultsOf, text: str, fault: str) -> None:
    """B16: text that is not YAML, or not a map, is a fault with its place, and in words that show no secret."""
    found = faults_of(text)

    assert any(fault in one for one in found)
    assert not any("hush" in one for one in found)


def test_nesting_cannot_explode(faults_of: FaultsOf) -> None:
    """B16: what is nested too deeply for the parser itself is refused as well."""
    assert faults_of("name: " + "[" * 9000) == ["1:1: the setup is nested too deeply or repeats itself by aliases"]


def test_aliases_cannot_explode(faults_of: FaultsOf) -> None:
    """A few lines of aliases that stand for billions of items are refused, once."""
    lines = ["name: x", "a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{this}: &{this} [{', '.join([f'*{last}'] * 10)}]" for last, this in zip("abcdefgh", "bcdefghi", strict=True)
    ]

    found = faults_of("\n".join(lines))

    assert sum("repeats itself by aliases" in fault for fault in found) == 1


@pytest.mark.parametrize(
    ("content", "fault"), [(None, "there is no such file; `onitu init "), (b"\xff", "is not UTF-8 text (byte 1)")]
)
def test_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, fault: str) -> None:
    """A file that is missing or no text is named, with what to do."""
    path = tmp_path / "onitu.yaml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load_setup(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert fault in str(caught.value)


def test_directory_is_no_setup(tmp_path: Path) -> None:
    """A directory is refused like a file that cannot be read."""
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_setup(tmp_path)


def test_byte_order_mark_is_fine(tmp_path: Path) -> None:
    """Editors of some systems put a mark before the text."""
    path = tmp_path / "onitu.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x")

    assert load_setup(path).name == "x"


def test_manifests_and_setups_reserve_the_same_names() -> None:
    """B11: a name that a manifest may not use for an option is Onitu's in a setup, and the other way round."""
    ours = {name.replace("-", "_") for name in FOLDER.reserved | SERVICE.reserved}

    assert ours == RESERVED
    assert {name.replace("-", "_") for name in MAPPING.reserved} <= RESERVED | {"path"}
