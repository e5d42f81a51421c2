"""The reference driver, called through its Plug as the core calls it, and through its back door as tests do."""

from __future__ import annotations

import importlib
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import onitu_memory.driver
import pytest
from blake3 import blake3
from onitu_memory.tree import Tree

from onitu.core.manifest import load_manifest, validate_options
from onitu.core.model import (
    Absent,
    Attributes,
    Copy,
    Delete,
    Kind,
    MakeDirectory,
    Move,
    Observation,
    SetAttributes,
    Write,
)
from onitu.errors import DriverError, NotFound, RevisionMismatch, Unavailable
from onitu.plug import Folder, Present, RootState
from onitu.plug.reading import Reader
from onitu.plug.writing import Writer
from tests.unit.plug.serving import DEADLINE, serving
from tests.unit.plug.toy import present, upload

MANIFEST = load_manifest(Path(onitu_memory.__file__).with_name("manifest.json").read_bytes(), "memory")
ROOT = Folder(name="f")


class Service:
    """A configured memory service."""

    def __init__(self, module: ModuleType, **options: object) -> None:
        self.module = module
        self.plug = module.plug
        self.plug.configure(service="m", setup_id="i", generation=1, options=validate_options(MANIFEST, options))
        self.plug.folders = {ROOT.name: ROOT}
        self.reader = Reader(self.plug)
        self.writer = Writer(self.plug, self.reader)

    def write(self, path: str, content: bytes, *, expected: str | None = None) -> Present:
        """Writes a file, as the core would."""
        return present(self.writer.apply(ROOT, Write(upload(path, content, expected=expected), content)))

    def names(self, path: str = "") -> list[str]:
        """Lists a directory."""
        return sorted(name for name, _ in self.plug.call("list_directory", ROOT, path))

    def stat(self, path: str) -> Observation:
        """Looks at a path."""
        return self.reader.observe(ROOT, path)


@pytest.fixture
def service() -> Service:
    """A service that nobody has used."""
    return fresh()


def fresh(**options: object) -> Service:
    """Returns a service as a new process has it."""
    return Service(importlib.reload(onitu_memory.driver), **options)


def test_every_operation_does_what_it_says(service: Service) -> None:
    """Files and directories, their names, content and attributes."""
    service.writer.apply(ROOT, MakeDirectory("d"))
    first = service.write("d/a", b"one")
    second = service.write("d/a", b"two", expected=first.revision)
    copied = present(service.writer.apply(ROOT, Copy("d/a", second.revision, "b")))
    changed = present(service.writer.apply(ROOT, SetAttributes("b", copied.revision, Attributes(5, executable=True))))
    assert (changed.mtime_ns, changed.executable, changed.size) == (5, True, 3)
    assert changed.digests == {"blake3": blake3(b"two").digest()}
    assert len({first.revision, second.revision, copied.revision, changed.revision}) == 4
    assert first.native_id == second.native_id != copied.native_id
    assert service.names() == ["b", "d"]
    service.writer.apply(ROOT, Delete("b", changed.revision))
    assert service.stat("b").state == Absent()
    assert present(service.stat("")).kind is Kind.DIRECTORY
    assert service.reader.file(ROOT, "d/a", revision=second.revision, limit=10) == b"two"
    assert service.reader.chunk(ROOT, "d/a", revision=second.revision, offset=1, size=1) == b"w"


def test_directory_moves_with_everything_below_it(service: Service) -> None:
    """One rename, no new revision, no new identity."""
    directory = present(service.writer.apply(ROOT, MakeDirectory("d")))
    service.writer.apply(ROOT, MakeDirectory("d/e"))
    file = service.write("d/e/a", b"x")
    service.write("dx", b"beside")
    moved = present(service.writer.apply(ROOT, Move("d", directory.revision, "n")))
    assert moved == directory
    assert present(service.stat("n/e/a")) == file
    assert service.names() == ["dx", "n"]
    with pytest.raises(DriverError, match="into itself"):
        service.writer.apply(ROOT, Move("n", moved.revision, "n/e/n"))


def test_nothing_is_done_against_expectation(service: Service) -> None:
    """Compared and changed in one step (P11)."""
    directory = present(service.writer.apply(ROOT, MakeDirectory("d")))
    file = service.write("d/a", b"x")
    for attempt in (
        lambda: service.write("d/a", b"y"),
        lambda: service.write("d/a", b"y", expected="0"),
        lambda: service.write("b", b"y", expected="0"),
        lambda: service.writer.apply(ROOT, Delete("d", directory.revision)),
        lambda: service.writer.apply(ROOT, Delete("d/a", "0")),
        lambda: service.writer.apply(ROOT, Move("d/a", "0", "b")),
        lambda: service.writer.apply(ROOT, Move("d", directory.revision, "d/a")),
        lambda: service.writer.apply(ROOT, MakeDirectory("d/a")),
        lambda: service.reader.file(ROOT, "d/a", revision="0", limit=10),
    ):
        with pytest.raises(DriverError):
            attempt()
    with pytest.raises(NotFound):
        service.write("nowhere/a", b"x")
    assert present(service.stat("d/a")) == file
    assert service.names() == ["d"]


def test_content_outlives_the_process_where_it_is_kept(tmp_path: Path) -> None:
    """The same root, the same revisions, and none of them is ever given again."""
    kept = str(tmp_path / "kept.json")
    first = fresh(persist=kept)
    root = first.plug.call("open_folder", ROOT)
    seen = first.write("a", b"\x00\xff")
    first.plug.call("sync", ROOT)
    lost = first.write("a", b"later", expected=seen.revision)
    second = fresh(persist=kept)
    mapped = Folder(name="f", root_id=root.root_id)
    assert second.plug.call("open_folder", mapped).root_state is RootState.OK
    assert present(second.stat("a")) == seen
    again = second.write("a", b"another", expected=seen.revision)
    assert again.revision not in {seen.revision, lost.revision}


def test_content_is_kept_by_several_at_once(tmp_path: Path) -> None:
    """D6: folders are synced side by side, and each finds the content of all kept."""
    tree = Tree(lambda _path, _moved_from: None)
    tree.write("file.txt", b"content" * 10_000)
    with ThreadPoolExecutor(8) as pool:
        for saved in [pool.submit(tree.save, str(tmp_path / "kept")) for _ in range(64)]:
            saved.result()
    later = Tree(lambda _path, _moved_from: None)
    later.load(str(tmp_path / "kept"))

    assert [path for path, _ in later.all()] == ["file.txt"]


def test_content_that_is_gone_is_another_root() -> None:
    """A service that forgot everything is halted, not emptied everywhere (P15)."""
    root_id = fresh().plug.call("open_folder", ROOT).root_id
    report = fresh().plug.call("open_folder", Folder(name="f", root_id=root_id))
    assert report.root_state is RootState.DIFFERENT
    assert report.reason


def test_native_ids_can_be_left_out() -> None:
    """Moves are then matched by content."""
    service = fresh(native_ids=False)
    service.plug.call("open_folder", ROOT)
    assert service.write("a", b"x").native_id == ""
    assert not service.plug.capabilities.native_ids


def test_folders_lie_below_the_root() -> None:
    """Two folders of one service are two directories of its tree."""
    service = fresh()
    photos = Folder(name="photos", path="base/photos")
    service.plug.call("open_folder", photos)
    service.writer.apply(photos, Write(upload("a", b"x"), b"x"))
    assert service.names() == ["base"]
    assert service.names("base/photos") == ["a"]
    assert [name for name, _ in service.plug.call("list_directory", photos, "")] == ["a"]


def test_watcher_reports_what_happens(tmp_path: Path) -> None:
    """A user's changes arrive with a rename as a rename, and in the order in which they were made."""
    service = fresh()
    service.plug.generation = 0
    with serving(service.plug, tmp_path, manifest=MANIFEST) as core:
        core.configure(options={}, folders=[{"name": "photos", "path": "p", "mode": "MODE_READ_WRITE"}])
        watching = core.watch(live=True)
        watching.until("snapshot_end")
        tree = service.module.tree
        tree.write("p/a", b"1")
        tree.move("p/a", "p/b")
        tree.move("p/b", "outside")
        tree.move("outside", "p/c")
        tree.delete("p/c")
        observations: list[Any] = []
        while len(observations) < 5:
            observations += watching.until("batch")[-1].batch.observations
    assert [seen.path for seen in observations] == ["a", "b", "b", "c", "c"]
    assert [seen.observed_seq for seen in observations] == sorted(seen.observed_seq for seen in observations)
    assert observations[-1].WhichOneof("state") == "absent"


class TestControl:
    """The back door."""

    def ask(self, path: Path, *requests: dict[str, object]) -> list[dict[str, Any]]:
        """Returns the answers to requests."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(DEADLINE)
            connection.connect(str(path))
            with connection.makefile("rwb") as stream:
                for request in requests:
                    stream.write(json.dumps(request).encode() + b"\n")
                stream.flush()
                return [json.loads(stream.readline()) for _ in requests]

    @pytest.fixture
    def door(self, service: Service, tmp_path: Path) -> Path:
        """The socket of the service."""
        path = tmp_path / "control"
        service.plug.options["control"] = str(path)
        threading.Thread(target=service.module.start, daemon=True).start()
        assert service.plug.wait_started(DEADLINE)
        return path

    def test_a_test_acts_as_a_user(self, service: Service, door: Path) -> None:
        """Edits through the door are seen by everybody, and everything can be looked at."""
        answers = self.ask(
            door,
            {"do": "make_directory", "path": "d"},
            {"do": "write", "path": "d/a", "text": "é"},
            {"do": "move", "path": "d/a", "destination": "b"},
            {"do": "delete", "path": "d"},
            {"do": "tree"},
            {"do": "delete", "path": "d"},
            {"do": "dance"},
        )
        assert [answer["ok"] for answer in answers] == [True, True, True, True, True, False, False]
        assert list(answers[4]["entries"]) == ["b"]
        assert service.names() == ["b"]
        service.plug.close()

    def test_faults_happen_as_often_as_asked(self, service: Service, door: Path) -> None:
        """An error, a torn listing, and a file that changes while it is read."""
        file = service.write("a", b"one")
        service.write("b", b"two")
        self.ask(
            door,
            {"do": "inject", "task": "stat_file", "path": "a", "error": "Unavailable", "times": 2},
            {"do": "inject", "task": "list_directory", "torn": True},
            {"do": "inject", "task": "get_file", "path": "a", "change": "other", "delay": 0.001},
        )
        looks = [type(service.stat("a").state).__name__ for _ in range(3)]
        assert looks == ["Unknown", "Unknown", "Present"]
        torn = service.plug.call("list_directory", ROOT, "")
        assert next(torn)[0] == "a"
        with pytest.raises(Unavailable):
            next(torn)
        assert service.names() == ["a", "b"]
        with pytest.raises(RevisionMismatch):
            service.reader.file(ROOT, "a", revision=file.revision, limit=10)
        (answer,) = self.ask(door, {"do": "inject", "task": "sync", "error": "Nonsense"})
        assert "there is no error" in answer["reason"]
        self.ask(door, {"do": "inject", "task": "sync", "error": "Unavailable"}, {"do": "clear"})
        service.plug.call("sync", ROOT)
        service.plug.close()


def test_driver_is_served_whole(tmp_path: Path) -> None:
    """Its capabilities are those that the core relies on."""
    service = fresh()
    service.plug.generation = 0
    with serving(service.plug, tmp_path, manifest=MANIFEST) as core:
        capabilities = core.configure(options={}, folders=[]).capabilities
        with pytest.raises(grpc.RpcError):
            core.call("Sync", folder="nowhere")
    for name in ("watch", "apply_batch", "get_files", "whole_files", "chunks", "sync", "staging", "native_ids"):
        assert getattr(capabilities, name)
