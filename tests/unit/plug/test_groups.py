"""Which operations of a batch are done together."""

from __future__ import annotations

import pytest

from onitu.plug import groups as module
from onitu.plug.groups import groups
from onitu.rpc.gen import operation_pb2


def _write(path: str, size: int = 1) -> operation_pb2.Operation:
    operation = operation_pb2.Operation()
    operation.write.upload.path = path
    operation.write.upload.size = size
    return operation


def _directory(path: str) -> operation_pb2.Operation:
    operation = operation_pb2.Operation()
    operation.directory_creation.path = path
    return operation


def _cut(*operations: operation_pb2.Operation) -> list[str]:
    """Returns the paths of each group."""
    names = {"write": lambda one: one.write.upload.path, "directory_creation": lambda one: one.directory_creation.path}
    return [" ".join(names[str(one.WhichOneof("action"))](one) for one in group) for group in groups(operations)]


def test_writes_that_follow_one_another_are_one_group() -> None:
    """D9: everything keeps its order, and what is no write stands alone."""
    assert _cut(_directory("a"), _directory("b"), _write("a/1"), _write("b/1"), _directory("c"), _write("c/1")) == [
        "a",
        "b",
        "a/1 b/1",
        "c",
        "c/1",
    ]


def test_one_path_is_in_a_group_once() -> None:
    """C2: what is written twice is written in its order."""
    assert _cut(_write("a"), _write("b"), _write("a")) == ["a b", "a"]


def test_groups_are_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """F8: no more is in memory for a group than for one operation, or than one operation needs."""
    monkeypatch.setattr(module, "MOST", 3)
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    assert _cut(*(_write(name) for name in "abcd")) == ["a b c", "d"]
    assert _cut(_write("a", 6), _write("b", 4), _write("c", 1), _write("d", 90)) == ["a b", "c", "d"]
