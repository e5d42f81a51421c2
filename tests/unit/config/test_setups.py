"""What a setup means (CONTRACT B)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from onitu.config import DriverAddress, DriverCommand, FolderOptions, MappingSetup, ServiceSetup, Setup, Tls
from onitu.core.capability import Mode
from onitu.core.scope import Policy

Load = Callable[[str], Setup]

TWO = """
name: two
folders: {one: }
services:
  a: {driver: memory, folders: {one: }}
  b: {driver: memory, folders: {one: }}
"""


def test_example_of_the_documentation(load: Load) -> None:
    """B13: the example setup loads; `mode` narrows each of its places."""
    setup = load("""
        name: "Example Configuration"
        folders:
          torrent:
        services:
          localhost_fs:
            driver: "local_storage"
            folders:
              torrent:
                mode: "r"
          nas:
            driver: "ssh"
            folders:
              torrent:
                mode: "w"
        """)

    assert setup.name == "Example Configuration"
    assert setup.folders == {"torrent": FolderOptions(name="torrent")}
    assert setup.services == {
        "localhost_fs": ServiceSetup(
            name="localhost_fs",
            driver="local_storage",
            folders={"torrent": MappingSetup(folder="torrent", path="torrent", mode=Mode.READ)},
        ),
        "nas": ServiceSetup(
            name="nas",
            driver="ssh",
            folders={"torrent": MappingSetup(folder="torrent", path="torrent", mode=Mode.WRITE)},
        ),
    }
    assert setup.warnings == ()


def test_layout_example(load: Load) -> None:
    """B13, B4: a service takes part only in the folders it lists."""
    setup = load("""
        name: layout
        folders: {music: , photos: }
        services:
          disk: {driver: local_storage, root: /disk, folders: {music: , photos: }}
          nas: {driver: local_storage, root: /nas, folders: {music: }}
        """)

    assert list(setup.services["disk"].folders) == ["music", "photos"]
    assert list(setup.services["nas"].folders) == ["music"]


@pytest.mark.parametrize("nothing", ["", "{}", "null", "~"])
def test_null_is_an_empty_map(load: Load, nothing: str) -> None:
    """B2: null and {} are the same, at a folder and at a service's folder."""
    setup = load(TWO.replace("{one: }", f"{{one: {nothing}}}"))

    assert setup == load(TWO)


def test_json_is_read_too(load: Load) -> None:
    """A setup may be written as JSON."""
    text = '{"name": "two", "folders": {"one": null}, "services": {%s}}'
    service = '"%s": {"driver": "memory", "folders": {"one": {}}}'

    assert load(text % ", ".join(service % name for name in "ab")) == load(TWO)


def test_options_beside_driver_and_under_options(load: Load) -> None:
    """B3: driver options stand beside `driver` or under `options`, with the types YAML gives them."""
    setup = load("""
        name: x
        folders: {one: }
        services:
          a:
            driver: ftp
            host: nas
            options: {port: 21, passive: yes, timeout: 1.5, since: 2020-01-01, account: }
            folders: {one: }
          b: {driver: memory, folders: {one: }}
        """)

    assert setup.services["a"].options == {
        "host": "nas",
        "port": 21,
        "passive": True,
        "timeout": 1.5,
        "since": "2020-01-01",
        "account": None,
    }


def test_driver_command(load: Load, tmp_path: Path) -> None:
    """B3: a driver can be a command; a relative program lies beside the setup, a bare one in PATH."""
    setup = load("""
        name: x
        folders: {one: }
        services:
          a: {driver: {command: [./driver, --port, 1]}, folders: {one: }}
          b: {driver: {command: my-driver}, folders: {one: }}
        """)

    assert setup.services["a"].driver == DriverCommand(argv=(str(tmp_path / "driver"), "--port", "1"))
    assert setup.services["b"].driver == DriverCommand(argv=("my-driver",))


def test_driver_address(load: Load, tmp_path: Path) -> None:
    """B3, W2: a driver can be dialled; files and sockets count from the setup, and this machine needs no files."""
    setup = load("""
        name: x
        folders: {one: }
        services:
          a:
            driver: {address: "nas.local:4000", tls: {ca: ca.pem, certificate: /c/o.pem, key: c/o.key, name: nas}}
            folders: {one: }
          b: {driver: {address: "127.0.0.1:4000", insecure: true}, folders: {one: }}
          c: {driver: {address: "[::1]:4000", insecure: true}, folders: {one: }}
          d: {driver: {address: "unix:run/d.sock"}, folders: {one: }}
        """)
    tls = Tls(ca=tmp_path / "ca.pem", certificate=Path("/c/o.pem"), key=tmp_path / "c/o.key", name="nas")

    assert setup.services["a"].driver == DriverAddress(address="nas.local:4000", tls=tls)
    assert setup.services["b"].driver == DriverAddress(address="127.0.0.1:4000")
    assert setup.services["c"].driver == DriverAddress(address="[::1]:4000")
    assert setup.services["d"].driver == DriverAddress(address=f"unix:{tmp_path}/run/d.sock")


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ("", "one"),
        (".", "."),
        ("'./'", "."),
        ("some/where", "some/where"),
        ("{path: ./some//where/}", "some/where"),
        ("{path: 2024}", "2024"),
        ("{path: }", "one"),
        ("{path: Größe/名前}", "Größe/名前"),
    ],
)
def test_path(load: Load, mapping: str, path: str) -> None:
    """B5: the place is the folder's name, `path`, or a text in place of the map."""
    setup = load(
        TWO.replace("a: {driver: memory, folders: {one: }}", f"a: {{driver: memory, folders: {{one: {mapping}}}}}")
    )

    assert setup.services["a"].folders["one"].path == path


def test_driver_options_at_the_folder(load: Load) -> None:
    """B5: what is no folder option at a service's folder is an option of the driver."""
    setup = load(
        TWO.replace("b: {driver: memory, folders: {one: }}", "b: {driver: m, folders: {one: {mode: r, depth: 3}}}")
    )

    assert setup.services["b"].folders["one"] == MappingSetup(
        folder="one", path="one", mode=Mode.READ, options={"depth": 3}
    )


@pytest.mark.parametrize(
    ("folder", "service", "mapping", "mode", "warned"),
    [
        ("rw", "rw", "rw", Mode.READ_WRITE, False),
        ("r", "rw", "rw", Mode.READ, False),
        ("rw", "w", "rw", Mode.WRITE, False),
        ("rw", "rw", "r", Mode.READ, False),
        ("r", "rw", "w", Mode.NONE, True),
        ("r", "w", "rw", Mode.NONE, True),
        ("rw", "rw", "none", Mode.NONE, False),
        ("rw", "rw", "''", Mode.NONE, False),
        ("none", "rw", "r", Mode.NONE, False),
    ],
)
def test_modes_intersect(load: Load, folder: str, service: str, mapping: str, mode: Mode, *, warned: bool) -> None:
    """B6, B7: all modes hold; one that leaves nothing is a warning, unless `none` was said."""
    setup = load(f"""
        name: x
        folders: {{one: {{mode: {folder}}}}}
        services:
          a: {{driver: memory, mode: {service}, folders: {{one: {{mode: {mapping}}}}}}}
        """)

    assert setup.services["a"].folders["one"].mode == mode
    assert any("the modes leave nothing" in warning.text for warning in setup.warnings) == warned


@pytest.mark.parametrize(
    ("text", "policy", "preferred"),
    [
        ("", Policy.KEEP_BOTH, ()),
        ("{conflict: keep-both}", Policy.KEEP_BOTH, ()),
        ("{conflict: newest}", Policy.NEWEST, ()),
        ("{conflict: {prefer: [b, a]}}", Policy.PREFER, ("b", "a")),
        ("{conflict: {prefer: b}}", Policy.PREFER, ("b",)),
    ],
)
def test_conflict_policy(load: Load, text: str, policy: Policy, preferred: tuple[str, ...]) -> None:
    """B11: who keeps the plain name in a conflict."""
    setup = load(TWO.replace("folders: {one: }\nservices", f"folders: {{one: {text}}}\nservices"))

    assert (setup.folders["one"].policy, setup.folders["one"].preferred) == (policy, preferred)


def test_defaults_spelled_out(load: Load) -> None:
    """Values that are the only ones yet may be written down."""
    spelled = TWO.replace("folders: {one: }\nservices", "folders: {one: {symlinks: skip, adopt: digest}}\nservices")

    assert load(spelled) == load(TWO)


def test_chunk_size_and_changes_timer(load: Load) -> None:
    """B11: how large the pieces of a file are, and how often a service is listed that cannot be watched."""
    setup = load(TWO.replace("a: {driver: memory,", "a: {driver: memory, chunk_size: 64Ki, changes-timer: 2.5,"))

    assert (setup.services["a"].chunk_size, setup.services["a"].changes_timer) == (65536, 2.5)
    assert (setup.services["b"].chunk_size, setup.services["b"].changes_timer) == (None, None)


def test_options_are_not_shown(load: Load) -> None:
    """B12: what may be a secret is in no representation."""
    text = TWO.replace("{driver: memory, folders: {one: }}", "{driver: m, key: hush, folders: {one: {token: hush}}}")

    assert "hush" not in repr(load(text))


def test_velocity(load: Load) -> None:
    """B11: a service's speed, 0 included."""
    setup = load(TWO.replace("a: {driver: memory,", "a: {driver: memory, velocity: 0,"))

    assert (setup.services["a"].velocity, setup.services["b"].velocity) == (0.0, None)


@pytest.mark.parametrize(
    ("text", "below"), [("data", "data"), ("./a/b", "a/b"), ("/var/x", "/var/x"), ("~/x", "home/x")]
)
def test_data_dir(load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, below: str) -> None:
    """A setup may say where its metadata is kept; a relative place lies beside the file."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert load(f"{TWO}data-dir: {text}").data_dir == tmp_path / below
    assert load(TWO).data_dir is None


def test_names_are_texts_as_written(load: Load) -> None:
    """YAML's booleans and numbers are names like others."""
    setup = load("""
        name: 2024
        folders: {on: , 1.0: }
        services:
          no: {driver: memory, folders: {on: , 1.0: }}
          007: {driver: memory, folders: {on: , 1.0: }}
        """)

    assert setup.name == "2024"
    assert list(setup.folders) == ["on", "1.0"]
    assert list(setup.services) == ["no", "007"]


def test_merge_keys(load: Load) -> None:
    """`<<` brings in what another map has and this one has not."""
    setup = load("""
        name: x
        folders: {one: }
        services:
          a: &common {driver: memory, size: 1, folders: {one: }}
          b: {<<: *common, size: 2}
        """)

    assert setup.services["b"].options == {"size": 2}
    assert setup.services["b"].folders == setup.services["a"].folders


def test_warnings(load: Load) -> None:
    """What does nothing is said, and does not stop anything."""
    setup = load("""
        name: x
        folders: {lonely: , unused: }
        services:
          a: {driver: memory, folders: {lonely: }}
          idle: {driver: memory}
        """)

    assert [warning.text for warning in setup.warnings] == [
        "folder 'lonely' is on one service only: there is nothing to sync it with",
        "folder 'unused' is on no service: there is nothing to sync it with",
        "service 'idle' takes part in no folder",
    ]


def test_places(load: Load, tmp_path: Path) -> None:
    """A setup can be asked where something stands; what is not there is sought around it."""
    setup = load(TWO)

    assert str(setup.place("services", "b")) == f"{tmp_path / 'onitu.yaml'}:6:3"
    assert setup.place("services", "b", "root") == setup.place("services", "b")
    assert setup.directory == tmp_path
