"""All records as lines, and back."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from onitu.core.model import Kind, Present
from onitu.core.node import Action, Base, Gone, Intent, Node, Phase, Place, Seen, ServiceState, Version
from onitu.errors import StoreError
from onitu.store import Store
from onitu.store.beside import read_beside
from onitu.store.dump import export_records, from_plain, import_records, to_plain

PLACE = Place(1, "ä \n.txt")
VERSION = Version(
    number=2,
    kind=Kind.FILE,
    size=7,
    mtime_ns=-1,
    origin="A",
    revision="r",
    parent=1,
    digests={"blake3": b"\x00\xff"},
    executable=True,
)
STATE = ServiceState(
    base=Base(2, PLACE, "r"),
    seen=Seen(PLACE, Present(kind=Kind.FILE, revision="r", digests={"md5": b"\x01"})),
    seq=1 << 60,
    intent=Intent(
        action=Action.MOVE, phase=Phase.SENT, place=None, version=2, expected=None, after=Base(2, PLACE, "q")
    ),
    gone=Gone.MISSED,
    retired=("a", "b"),
)
NODE = Node(id=5, folder="f", place=PLACE, head=2, versions={2: VERSION}, services={"A": STATE}, last=2)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
places = st.builds(Place, parent=st.integers(1, 2**53), name=texts)
digests = st.dictionaries(texts, st.binary(max_size=8), max_size=2)
versions = st.builds(
    Version,
    number=st.integers(1, 9),
    kind=st.sampled_from(Kind),
    size=st.integers(0, 2**62),
    mtime_ns=st.none() | st.integers(-(2**62), 2**62),
    origin=texts,
    revision=texts,
    parent=st.none() | st.integers(1, 9),
    digests=digests,
    executable=st.none() | st.booleans(),
    target=st.none() | texts,
)
bases = st.builds(Base, version=st.integers(0, 9), place=places, revision=texts)
states = st.builds(
    ServiceState,
    base=st.none() | bases,
    intent=st.none()
    | st.builds(
        Intent,
        action=st.sampled_from(Action),
        phase=st.sampled_from(Phase),
        place=st.none() | places,
        version=st.integers(1, 9),
        expected=st.none() | texts,
        after=st.none() | bases,
        before=st.none() | bases,
        shown=st.none() | st.builds(Present, kind=st.sampled_from(Kind), revision=texts, native_id=texts),
    ),
    gone=st.sampled_from(Gone),
    retired=st.lists(texts, max_size=3).map(tuple),
)
nodes = st.builds(
    Node,
    id=st.integers(1, 2**53),
    folder=texts,
    place=st.none() | places,
    head=st.integers(0, 9),
    deleted=st.booleans(),
    versions=st.dictionaries(st.integers(1, 9), versions, max_size=2),
    services=st.dictionaries(texts, states, max_size=2),
    last=st.integers(0, 9),
)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """A store with records, and an empty one."""
    one, other = Store(tmp_path / "one"), Store(tmp_path / "other")

    def fill(transaction: Any) -> None:  # noqa: ANN401 - a transaction
        transaction.restore(NODE)
        transaction.restore(Node(id=1, folder="f", place=None))
        transaction.restore_version(5, VERSION)
        transaction.set_meta("cursor A\0f", b"\xff\x00")
        transaction.set_meta("setup-id", b"abc")
        transaction.set_meta("shape", b"derived")

    one.write(fill)
    yield one, other
    one.close()
    other.close()


def exported(store: Store) -> list[bytes]:
    """Returns an export of a store."""
    return store.read(lambda transaction: list(export_records(transaction)))


@given(nodes)
def test_a_record_comes_back_as_it_was(node: Node) -> None:
    """F10: whatever is in a record, what is written of it gives the same record."""
    plain = msgspec.json.decode(msgspec.json.encode(to_plain(node)))

    assert msgspec.convert(from_plain(inspect.type_info(Node), plain), Node) == node


def test_lines_can_be_read_by_a_person() -> None:
    """F10: fields have their names, enumerations theirs, digests are hexadecimal, and defaults are left out."""
    plain: Any = to_plain(NODE)

    assert plain["versions"]["2"] == {
        "number": 2,
        "kind": "file",
        "size": 7,
        "mtime_ns": -1,
        "origin": "A",
        "revision": "r",
        "parent": 1,
        "digests": {"blake3": "00ff"},
        "executable": True,
    }
    assert plain["services"]["A"]["intent"]["phase"] == "sent"
    assert "deleted" not in plain


def test_export_and_import(stores: tuple[Store, Store]) -> None:
    """F10: another data directory has the same records afterwards; the order is always the same."""
    one, other = stores
    lines = exported(one)

    count = other.write(lambda transaction: import_records(transaction, io.BytesIO(b"".join(lines))))

    assert count == len(lines) - 2
    assert exported(other) == lines == exported(one)
    first, *between, last = map(json.loads, lines)
    assert first == {"onitu": "state", "format": 1, "schema": 1}
    assert last == {"end": count}
    assert [next(iter(line)) for line in between] == ["meta", "meta", "node", "node", "history"]
    assert [line["node"]["id"] for line in between if "node" in line] == [1, 5]
    assert {line["meta"] for line in between if "meta" in line} == {"cursor A\0f", "setup-id"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "not whole"),
        (lambda lines: lines[1:], "line 1: this is no export"),
        (lambda lines: [*lines[:2], *lines[3:]], "not 5"),
        (lambda lines: [*lines, lines[1]], "not 5"),
        (lambda lines: [lines[0].replace(b'"schema":1', b'"schema":2'), *lines[1:]], "another Onitu"),
        (lambda lines: [lines[0], b"{}\n", *lines[1:]], "line 2: this is no record"),
        (lambda lines: [lines[0], b"nonsense\n", *lines[1:]], "line 2: this is no export"),
        (lambda lines: [line.replace(b'"file"', b'"flie"') for line in lines], "this is no record"),
        (lambda lines: [line.replace(b'"folder"', b'"fodler"') for line in lines], "unknown fields: fodler"),
        (lambda lines: [line.replace(b'"00ff"', b'"0"') for line in lines], "this is no record"),
    ],
)
def test_what_is_no_whole_export_changes_nothing(stores: tuple[Store, Store], change: Any, message: str) -> None:  # noqa: ANN401
    """F10: a file that was cut off, or is something else, is refused with its line, and nothing of it is taken in."""
    one, other = stores
    before = exported(other)
    lines = io.BytesIO(b"".join(change(exported(one))))

    with pytest.raises(StoreError, match=message):
        other.write(lambda transaction: import_records(transaction, lines))

    assert exported(other) == before


def test_reading_beside_needs_records(tmp_path: Path) -> None:
    """Where there are none yet, that is said, and no directory is made."""
    with pytest.raises(StoreError, match="holds no records of Onitu yet"), read_beside(tmp_path / "nowhere"):
        pass

    assert not (tmp_path / "nowhere").exists()
